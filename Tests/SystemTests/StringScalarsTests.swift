import System
import Testing

@Suite struct StringScalarsTests {
    @Test func aCharacterIsReplacedBeforeACombiningCharacter() {
        #expect(
            "a,\u{301}b,".replacingScalar(",", with: ",,").unicodeScalars.elementsEqual("a,,\u{301}b,,".unicodeScalars))
        #expect("".replacingScalar(",", with: ";") == "" && ",,".replacingScalar(",", with: "") == "")
    }
}
