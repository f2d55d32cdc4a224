import Core
import Foundation
import Matrix
import TestSupport
import Testing
import YAML

/// The values of correct matrices.
@Suite struct MatrixFileTests {
    static let head = """
        deployment: d
        repositories: [repo]
        targets: [debian-12, {name: openbsd-7.7, required: false}]
        compilers: [5.3.0]

        """

    func matrix(_ rest: String) throws -> MatrixFile {
        try MatrixFile(SourceText(file: "m.yaml", bytes: Array((Self.head + rest).utf8)))
    }

    @Test(arguments: ["quickstart", "opam", "mirage"])
    func shippedMatrixIsGood(name: String) throws {
        let matrix = try MatrixFile(path: PackageDirectory.url.appending(path: "Matrices/\(name).yaml").path)
        #expect(matrix.deployment.value == name)
        #expect(!matrix.targets.isEmpty && !matrix.compilers.isEmpty && !matrix.packages.isEmpty)
    }

    /// Texts that would take much time or memory, or never end: texts that are small compared with their contents, or
    /// large; each with a part of the expected message.
    private static let bombs = [
        ("nested lists", "x: " + String(repeating: "[", count: 200_000), "more than 32 lists and mappings"),
        ("nested mappings", "x: " + String(repeating: "{a: ", count: 200_000), "more than 32 lists and mappings"),
        (
            "aliases of aliases",
            "x-0: &a0 [1, 2]\n" + (1..<64).map { "x-\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }.joined(),
            "more than 100000 values"
        ),
        (
            "merged mappings",
            "x-0: &a0 {k: 1}\n" + (1..<20_000).map { "x-\($0): &a\($0) {<<: *a\($0 - 1), k\($0): 1}\n" }.joined(),
            "more than 100000 values"
        ),
        ("a long list", "x: [" + String(repeating: "1,", count: 200_000) + "]", "more than 100000 values"),
        ("a large file", String(repeating: "# nothing\n", count: 120_000), "bytes"),
        (
            "many columns",
            "targets: [\((0..<101).map { "t-\($0)" }.joined(separator: ", "))]\n"
                + "compilers: [\((0..<100).map { "5.\($0)" }.joined(separator: ", "))]\n",
            "1:10: error: 101 targets × 100 compilers are more than 10000 columns"
        ),
    ]

    @Test(arguments: bombs.map(\.0)) func bombsAreRefused(kind: String) throws {
        let (_, text, message) = try #require(Self.bombs.first { $0.0 == kind })
        let directory = try TemporaryDirectory()
        try directory.write(text, to: "m.yaml")
        let failure = #expect(throws: Failure.self) { try MatrixFile(path: directory("m.yaml")) }
        let words = failure?.description ?? ""
        #expect(failure?.category == .input && words.contains(message), "\(words.prefix(500))")
        #expect(words.split(separator: "\n").allSatisfy { $0.count < 300 }, "excerpts are short")
    }

    @Test func targetsRequireLabelsOfWorkers() throws {
        func labels(_ text: String) throws -> [String] {
            let head = Self.head.replacing("required: false", with: "labels: \(text)")
            let bytes = Array((head + "packages: all").utf8)
            return try MatrixFile(SourceText(file: "m.yaml", bytes: bytes)).targets[1].labels
        }
        #expect(try labels("kvm") == ["kvm"])
        #expect(try labels("[kvm, big-memory, kvm]") == ["big-memory", "kvm"])
        #expect(try matrix("packages: all").targets.allSatisfy { $0.labels.isEmpty })
        #expect(throws: Failure.self) { try labels("[]") }
        #expect(throws: Failure.self) { try labels("'big memory'") }
    }

    @Test func targetsAreRequiredUnlessTheMatrixSaysOtherwise() throws {
        let targets = try matrix("packages: all").targets
        #expect(targets.map(\.name.value) == ["debian-12", "openbsd-7.7"])
        #expect(targets.map(\.isRequired) == [true, false])
        #expect(targets.allSatisfy { $0.plugin == nil && $0.backend == .sandbox })
    }

    @Test(arguments: [
        ("lwt", "lwt"), ("lwt.5.7.0", "lwt = 5.7.0"), ("lwt>=5&<6", "lwt >= 5 & < 6"),
        ("lwt  !=  5.0~rc1", "lwt != 5.0~rc1"),
        ("mirage-*", "mirage-*"), ("0install.2.18", "0install = 2.18"), ("conf-g++.1", "conf-g++ = 1"),
    ])
    func packagePatternsAreRead(text: String, canonical: String) throws {
        #expect(try PackagePattern(text).description == canonical)
    }

    @Test func overwriteRulesOfAPackageAreCombined() throws {
        let matrix = try matrix(
            """
            packages: all
            allow-overwrites:
              "ocaml*": lib/ocaml/ld.conf
              ocamlfind: [lib/topfind, lib/ocaml/ld.conf]
            """)
        #expect(matrix.allowedOverwrites(of: "ocamlfind") == ["lib/ocaml/ld.conf", "lib/topfind"])
        #expect(matrix.allowedOverwrites(of: "ocaml") == ["lib/ocaml/ld.conf"])
        #expect(matrix.allowedOverwrites(of: "dune") == nil)
    }

    @Test func limitsOfAPackageBeatThoseOfItsTarget() throws {
        let limits = try matrix(
            """
            packages: all
            limits:
              time: 1h
              log: 1MiB
              targets: {openbsd-*: {time: 2h, memory: 2 GiB}}
              packages: {coq*: {time: 1d}}
            """
        ).limits
        let plain = LimitSet(time: 3_600, log: 1 << 20)
        #expect(limits.limits(target: "debian-12", package: "lwt") == plain)
        #expect(
            limits.limits(target: "openbsd-7.7", package: "lwt")
                == plain.overridden(by: LimitSet(time: 7_200, memory: 2 << 30)))
        #expect(limits.limits(target: "openbsd-7.7", package: "coq-core").time == 86_400)
    }

    @Test func noticesAreRead() throws {
        let notices = try #require(
            try matrix(
                """
                packages: all
                notify:
                  mail:
                    - {to: ann@example.org, maintainer: "*ann*"}
                    - {to: bob@example.org, cells: ["debian-12/*/lwt", "*/5.3.0/fmt"]}
                  operator: ops@example.org
                  webhooks: [https://chat.example.org/hook]
                  statuses: [{forgejo: https://git.example.org/api/v1/repos/me/repo}]
                """
            ).notices)
        #expect(notices.recipients.map(\.address.text) == ["ann@example.org", "bob@example.org"])
        guard case .maintainer("*ann*") = notices.recipients[0].interest,
            case .cells(let cells) = notices.recipients[1].interest
        else {
            Issue.record("\(notices.recipients)")
            return
        }
        #expect(cells.map(\.value.description) == ["debian-12/*/lwt", "*/5.3.0/fmt"])
        #expect(notices.operatorAddress?.text == "ops@example.org")
        #expect(notices.webhooks == ["https://chat.example.org/hook"])
        #expect(notices.statuses.map(\.forge) == ["forgejo"])
    }

    @Test func anchorsAndMergeKeysAreExpanded() throws {
        let matrix = try matrix(
            """
            packages: &all [lwt, fmt]
            x-rule: &rule {cells: "*/*/lwt", reason: known}
            sets: {same: *all}
            exclude: [*rule]
            accept-failures:
              - <<: *rule
                reason: another
                expires: 2028-02-29
            """)
        #expect(matrix.sets["same"]?.count == 2)
        #expect(matrix.exclude.map(\.reason) == ["known"])
        let accepted = try #require(matrix.acceptFailures.first)
        #expect(accepted.reason == "another")
        #expect(accepted.expires?.value == CalendarDate("2028-02-29"))
        #expect(accepted.cells[0].value.matches(target: "t", compiler: "c", name: "lwt", version: "5"))
    }

    @Test func aMatrixIsLaidOverTheOneItExtends() throws {
        let directory = try TemporaryDirectory()
        let base = Self.head + "packages: all\nlimits: {time: 1h, log: 1MiB}\npins: {lwt: 5.7.0}\n"
        try directory.write(base, to: "base/all.yaml")
        let upper = "extends: base/all.yaml\ndeployment: e\npackages: [fmt]\nlimits: {time: 2h}\npins: {fmt: 0.9.0}\n"
        try directory.write(upper, to: "upper.yaml")

        let matrix = try MatrixFile(path: directory("upper.yaml"))
        #expect(matrix.deployment.value == "e")
        #expect(matrix.packages.count == 1)
        #expect(matrix.limits.all == LimitSet(time: 7_200, log: 1 << 20))
        #expect(matrix.pins.map(\.name.value).sorted() == ["fmt", "lwt"])
        let repository = try #require(matrix.repositories.first)
        #expect(
            repository.address.value
                == .path(written: "repo", resolved: directory.url.appending(path: "base/repo").path),
            "a path is relative to the file that says it")
    }

    @Test func repositoriesAreOrderedByPriorityThenByPosition() throws {
        let text = """
            deployment: d
            repositories: [a, {path: b, priority: 5}, {url: "https://example.org/c", ref: main}, {path: e, priority: 5}]
            targets: [debian-12]
            compilers: [5.3.0, {version: 4.14.2, packages: [ocaml-option-flambda]}, {system: 5.3.0, name: system}]
            packages: all
            """
        let matrix = try MatrixFile(SourceText(file: "m.yaml", bytes: Array(text.utf8)))
        #expect(matrix.repositories.map(\.address.value.text) == ["b", "e", "a", "https://example.org/c"])
        #expect(matrix.compilers.map(\.name.value) == ["5.3.0", "4.14.2+ocaml-option-flambda", "system"])
        #expect(matrix.compilers.map(\.isSystem) == [false, false, true])
    }

    @Test func everyDayOfFourCenturiesIsItself() {
        var days = 0
        for year in 1970..<2370 {
            for month in 1...12 {
                for day in 1...31 {
                    let pad = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
                    guard let date = CalendarDate("\(year)-\(pad(month))-\(pad(day))") else { continue }
                    #expect(CalendarDate(daysSince1970: days) == date)
                    days += 1
                }
            }
        }
        #expect(days == 146_097)
    }

    /// Every pattern of up to four letters of `a*?` on every text of up to four letters of `ab`, against a plain
    /// recursive matcher.
    @Test func globsMatchAsDefined() {
        func words(_ alphabet: [Character]) -> [[Character]] {
            (0..<4).reduce(into: [[]]) { all, _ in
                all += all.flatMap { word in alphabet.map { word + [$0] } }
            }
        }
        func matches(_ pattern: ArraySlice<Character>, _ text: ArraySlice<Character>) -> Bool {
            guard let first = pattern.first else { return text.isEmpty }
            if first == "*" {
                return matches(pattern.dropFirst(), text) || !text.isEmpty && matches(pattern, text.dropFirst())
            }
            return !text.isEmpty && (first == "?" || first == text.first)
                && matches(pattern.dropFirst(), text.dropFirst())
        }
        for pattern in Set(words(["a", "*", "?"])) {
            let glob = Glob(String(pattern))
            for text in Set(words(["a", "b"])) {
                #expect(glob.matches(String(text)) == matches(pattern[...], text[...]), "\(glob) on \(String(text))")
            }
        }
    }
}
