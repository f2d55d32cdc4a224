import Core
import Testing

@Suite struct ByteSizeTests {
    @Test(arguments: [
        ("0", 0), ("17", 17), ("1k", 1024), ("500M", 500 << 20), ("64G", 64 << 30), ("2T", 2 << 40),
    ])
    func isReadAndPrinted(text: String, bytes: Int) {
        #expect(ByteSize(text)?.bytes == bytes)
        #expect(ByteSize(ByteSize(bytes: bytes).description)?.bytes == bytes)
    }

    @Test(arguments: ["", "G", "-1", "1.5G", "1X", "9999999T", "1 G"]) func invalidTextsAreRejected(text: String) {
        #expect(ByteSize(text) == nil)
    }

    @Test func tenthsAreShown() {
        #expect(ByteSize(bytes: 1_700_000_000).description == "1.5G")
    }
}
