import Foundation
import OpamFormat
import TestSupport
import Testing

/// The order of versions: examples, the laws of a total order, and a comparison with dpkg.
@Suite struct VersionOrderTests {
    /// The manual's chain, and versions on which Debian's rules matter: each is before the next.
    private static let ascending = [
        "~~", "~", "~beta2", "~beta10", "0.1", "1.0~beta", "1.0", "1.0-test", "1.0.1", "1.0.10", "dev", "trunk",
    ]

    @Test func examplesAscend() {
        for (i, left) in Self.ascending.enumerated() {
            for (j, right) in Self.ascending.enumerated() {
                let order = Version.compare(left, right)
                #expect(order.signum() == (i - j).signum(), "\(left) against \(right)")
            }
        }
    }

    @Test(arguments: [
        ("1.0", "1.00"), ("1.0", "1."), ("1", "1-"), ("1", "1-0"), ("a", "a0"), ("1-", "1-000"), ("0", "000"),
        ("5.5.0+introcaml", "5.5.0+introcaml0"),
    ])
    func versionsOfEqualOrderAreEqual(_ left: String, _ right: String) throws {
        let (left, right) = (try #require(Version(left)), try #require(Version(right)))
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
        #expect(!(left < right) && !(right < left))
    }

    /// Every text of up to three letters of an alphabet that has one of each kind.
    private static let short: [Version] = {
        let letters = ["0", "1", "a", "~", "-", "+", "."]
        var texts = letters
        var longest = letters
        for _ in 0..<2 {
            longest = longest.flatMap { text in letters.map { text + $0 } }
            texts += longest
        }
        return texts.compactMap { Version($0) }
    }()

    @Test func theOrderIsTotalAndAntisymmetric() {
        for left in Self.short {
            for right in Self.short {
                let order = Version.compare(left.text, right.text)
                let reverse = Version.compare(right.text, left.text)
                if order.signum() != -reverse.signum() { Issue.record("\(left) against \(right)") }
                if order == 0, left.hashValue != right.hashValue { Issue.record("hashes of \(left) and \(right)") }
            }
        }
    }

    /// Sorted by the order, every pair is in order: only a transitive relation allows that.
    @Test func theOrderIsTransitive() {
        let sorted = Self.short.sorted()
        for (i, left) in sorted.enumerated() {
            for right in sorted[i...] where right < left {
                Issue.record("\(left) sorts before \(right), and compares after")
            }
        }
    }

    /// dpkg has the same order for versions that both accept: a digit first, no `_`.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/dpkg"), "needs dpkg"))
    func dpkgAgrees() throws {
        var generator = SeededGenerator()
        let letters = Array("0019ab~-+.")
        let pairs = (0..<300).map { _ in
            (0..<2).map { _ in
                "1"
                    + String(
                        (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                            letters.randomElement(using: &generator)!
                        })
            }
        }.filter { pair in pair.allSatisfy { !$0.hasSuffix("-") } }
        let script = pairs.map { "dpkg --compare-versions '\($0[0])' lt '\($0[1])' && echo lt || echo no" }
        let answers = try Program(["/bin/sh", "-c", script.joined(separator: "\n")]).output().split(separator: "\n")
        #expect(answers.count == pairs.count)
        for (pair, answer) in zip(pairs, answers) {
            let isLess = Version.compare(pair[0], pair[1]) < 0
            #expect(isLess == (answer == "lt"), "\(pair[0]) against \(pair[1]), seed \(generator.seed)")
        }
    }

    @Test func invalidVersionsAreRejected() {
        for text in ["", "1 2", "1/2", "é", "1:2", "a\n"] { #expect(Version(text) == nil, "\(text)") }
        for text in ["", "1", "-", "a.b", "a b", "é"] { #expect(PackageName(text) == nil, "\(text)") }
        #expect(Package("a.1.2~b")?.version.text == "1.2~b")
        #expect(Package("a") == nil && Package("a.") == nil && Package(".1") == nil)
    }
}
