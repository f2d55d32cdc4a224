import OpamFormat
import TestSupport
import Testing

/// The addresses of sources in opam files.
@Suite struct SourceAddressTests {
    @Test(arguments: [
        ("git+https://e.org/a#b", SourceAddress.git("https://e.org/a", revision: "b")),
        ("git+https://e.org/a#", .git("https://e.org/a", revision: nil)),
        ("git+ssh://git@e.org/a", .git("ssh://git@e.org/a", revision: nil)),
        ("git://e.org/a#v1", .git("git://e.org/a", revision: "v1")),
        ("git+file:///srv/a", .git("file:///srv/a", revision: nil)),
        ("git+/srv/a", .git("file:///srv/a", revision: nil)),
        ("https://e.org/a.git#b", .git("https://e.org/a.git", revision: "b")),
        ("git@e.org:a.git", .git("git@e.org:a.git", revision: nil)),
        ("https://e.org/a.tgz#b", .archive("https://e.org/a.tgz#b")), ("file:///srv/a", .local("/srv/a")),
        ("/srv/a", .local("/srv/a")), ("hg+https://e.org/a", .unsupported(system: "hg")),
        ("rsync://e.org/a", .unsupported(system: "rsync")), ("", .archive("")), ("#", .archive("#")),
        ("git+", .git("", revision: nil)),
    ])
    func addressesAreReadAsOpamDoes(text: String, address: SourceAddress) {
        #expect(SourceAddress(text) == address)
    }

    /// To Swift, a slash or a `#` before a combining character is part of another character.
    @Test func partsOfAddressesAreSeparatedByBytes() {
        #expect(SourceAddress.fileName("https://e.org/../\u{301}x.tgz") == "\u{301}x.tgz")
        #expect(SourceAddress.fileName("https://e.org/a.tgz?\u{301}/b#c") == "a.tgz")
        #expect(SourceAddress.split("git://e.org/a#\u{301}b") == ("git://e.org/a", "\u{301}b"))
    }

    @Test func partsOfRandomAddresses() {
        var generator = SeededGenerator()
        let pieces = ["/", "#", "?", "..", "a", "\u{301}", ".git", "git+", "file:", "://", "\u{200D}", " "]
        for _ in 0..<2_000 {
            let address = (0..<Int.random(in: 0..<9, using: &generator))
                .map { _ in pieces.randomElement(using: &generator)! }.joined()
            let name = SourceAddress.fileName(address)
            #expect(!name.isEmpty && name.utf8.allSatisfy { !"/#?".utf8.contains($0) }, "\(address)")

            let (url, revision) = SourceAddress.split(address)
            let whole = url + (revision.map { "#\($0)" } ?? "")
            #expect(whole == address || "\(whole)#" == address, "\(address)")
            #expect(SourceAddress.split("\(url)#main") == (url, "main"), "\(address)")
        }
    }
}
