import Core
import Foundation
import Matrix
import Testing
import YAML

/// Matrices as editors of all systems save them.
@Suite struct EncodingTests {
    private static let text = """
        deployment: d # ä
        repositories: [{path: r}]
        targets: [debian-12]
        compilers: [5.3.0]
        packages: [fmt]

        """

    private func matrix(_ bytes: [UInt8]) throws -> MatrixFile {
        try MatrixFile(SourceText(file: "m.yaml", bytes: bytes))
    }

    private static func utf16(_ text: String, big: Bool) -> [UInt8] {
        ("\u{FEFF}" + text).utf16.flatMap { unit in
            let (high, low) = (UInt8(unit >> 8), UInt8(unit & 0xFF))
            return big ? [high, low] : [low, high]
        }
    }

    /// The encodings that YAML has, by name.
    static let encodings: [(name: String, encode: @Sendable (String) -> [UInt8])] = [
        ("UTF-8", { Array($0.utf8) }), ("UTF-8 with a mark", { [0xEF, 0xBB, 0xBF] + Array($0.utf8) }),
        ("UTF-16 LE", { utf16($0, big: false) }), ("UTF-16 BE", { utf16($0, big: true) }),
    ]

    @Test(arguments: encodings.indices, ["\n", "\r\n", "\r", "\u{85}", "\u{2028}"])
    func allEncodingsAndLineEndsAreRead(number: Int, end: String) throws {
        let encode = Self.encodings[number].encode
        let lines = Self.text.replacingOccurrences(of: "\n", with: end)
        let matrix = try matrix(encode(lines))
        #expect(matrix.deployment.value == "d" && matrix.packages.count == 1)
        #expect(matrix.packages[0].source.location == SourceLocation(file: "m.yaml", line: 5, column: 12))
        let failure = #expect(throws: Failure.self) {
            try self.matrix(encode(lines.replacingOccurrences(of: "[fmt]", with: "[ä, '']")))
        }
        let last = failure?.diagnostics.last
        #expect(last?.location == SourceLocation(file: "m.yaml", line: 5, column: 15), "\(Self.encodings[number].name)")
        #expect(last?.excerpt == "packages: [ä, '']")
    }

    @Test func invalidUTF8IsReportedWithItsLocation() throws {
        let head = Array("deployment: d\r\nx-ä: ".utf8)
        for (bytes, column, words) in [
            (head + [0xE9, 0x0A], 6, "bytes that are not text"),
            (head + [0x00], 6, "control characters are not allowed"),
            (head + [0x61, 0x07], 7, "control characters are not allowed"),
        ] {
            let failure = #expect(throws: Failure.self) { try matrix(bytes) }
            let address = failure?.diagnostics.first?.location
            #expect(address == SourceLocation(file: "m.yaml", line: 2, column: column))
            #expect(failure?.description.contains(words) == true, "\(String(describing: failure))")
        }
        // A surrogate without its pair, and half a unit.
        for tail in [[0xD8, 0x00, 0x00, 0x0A], [0x00]] as [[UInt8]] {
            let failure = #expect(throws: Failure.self) { try matrix(Self.utf16("x: a", big: true) + tail) }
            #expect(failure?.diagnostics.first?.location == SourceLocation(file: "m.yaml", line: 1, column: 5))
        }
    }

    @Test func pathsInPinsAreNoAddresses() throws {
        let pins = "pins: {a: ./x@y:z, b: /h://p, c: 'git@host:p', d: 'https://e.org/x'}\n"
        let matrix = try matrix(Array((Self.text + pins).utf8))
        let isPath = matrix.pins.map { pin in
            if case .path? = pin.source?.value.address { true } else { false }
        }
        #expect(isPath == [true, true, false, false])
    }
}
