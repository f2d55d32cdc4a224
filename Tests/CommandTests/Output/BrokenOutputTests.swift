import Foundation
import TestSupport
import Testing

/// Every command with standard descriptors that are closed, full or without a reader: no signal ends it, and its exit
/// code shows whether its output arrived.
@Suite struct BrokenOutputTests {
    /// The states of a command's descriptors.
    enum Descriptors: String, CaseIterable {
        case outputClosed = #""$@" >&-"#
        case outputFull = #""$@" >/dev/full"#
        case readerGone = #"mkfifo pipe-$$ && exec 4<>pipe-$$ 5>pipe-$$ 4<&- && rm pipe-$$; "$@" >&5"#
        case errorsClosed = #""$@" 2>&-"#
        case errorsFull = #""$@" 2>/dev/full"#
        case errorsWithoutReader = #"mkfifo pipe-$$ && exec 4<>pipe-$$ 5>pipe-$$ 4<&- && rm pipe-$$; "$@" 2>&5"#
        case inputClosed = #""$@" <&-"#
        case allClosed = #""$@" <&- >&- 2>&-"#
        case allFull = #""$@" >/dev/full 2>&1"#

        /// Whether it is much like another one.
        var isVariant: Bool { [.errorsFull, .errorsWithoutReader, .allFull].contains(self) }

        /// Whether output is lost unintentionally.
        var loseOutput: Bool { [.outputClosed, .outputFull, .allClosed, .allFull].contains(self) }
    }

    private static let triedInAllWays = ["results", "nonsense"]

    private static let commands = [
        ["--help"], ["--version"], ["help", "run"], ["results", "--help"], ["--experimental-dump-help"],
        ["--generate-completion-script", "bash"],
        ["solve", "--repository", "repo", "--target", "debian-12", "--compiler", "system:4.13.1", "good", "lost"],
        ["plan", "matrix.yaml", "--dry-run"], ["plan", "matrix.yaml", "--explain", "good", "--dry-run"], ["results"],
        ["results", "--all"],
        ["results", "--format", "json"], ["results", "--format", "csv"], ["status"], ["status", "--format", "csv"],
        ["log", "good"], ["log", "--raw", "good"], ["explain", "bad"], ["diff", "debian-12", "debian-12~"],
        ["diff", "small", "nothing"], ["report", "--output", "site"], ["retry", "--dry-run", "bad"],
        ["cancel", "--dry-run", "waiting"], ["plugin", "list"], ["store", "log"], ["store", "log", "small"],
        ["store", "show", "small", "plan.json"], ["store", "verify"], ["store", "snapshot", "--dry-run"],
        ["store", "gc", "--dry-run"], ["store", "undo", "--dry-run", "results/small/debian-12"],
        ["results", "nothing"],
        ["nonsense"], ["results", "--format", "xml"], ["plan", "absent.yaml"],
    ]

    @Test func everyCommandWithEveryKindOfDescriptor() async throws {
        let fixture = try await RecordedStore()
        for command in Self.commands {
            let whole = try fixture.run(command)
            #expect([0, 1, 2, 3, 64].contains(whole.status), "\(command): \(whole.messages)")
            for descriptors in Descriptors.allCases
            where !descriptors.isVariant || Self.triedInAllWays.contains(command[0]) {
                let ending = try fixture.shell(descriptors.rawValue, command)
                let isLost = descriptors.loseOutput && !whole.output.isEmpty && whole.status <= 1
                #expect(ending.status == (isLost ? 3 : whole.status), "\(command) \(descriptors): \(ending.messages)")
                if isLost, descriptors == .outputClosed || descriptors == .outputFull {
                    #expect(ending.messages.contains("error: standard output"), "\(command) \(descriptors): \(ending)")
                }
                switch descriptors {
                case .errorsClosed, .errorsFull, .errorsWithoutReader, .inputClosed:
                    #expect(ending.output == whole.output, "\(command) \(descriptors)")
                default: break
                }
            }
        }
    }

    /// Closed descriptors are not reused for files: output would be written into them.
    @Test func nothingIsPrintedIntoTheStore() async throws {
        let fixture = try await RecordedStore([:])
        for script in [#""$@" <&- >&- 2>&-"#, #""$@" >&- 2>&-"#, #""$@" 2>&-"#] {
            _ = try fixture.shell(script, ["plan", "matrix.yaml"])
            _ = try fixture.shell(script, ["cancel", "waiting"])
            _ = try fixture.shell(script, ["retry", "waiting"])
            let verified = try fixture.run("store", "verify")
            #expect(verified.status == 0 && verified.output.hasSuffix(": 0 findings\n"), "\(verified.output)")
        }
    }

    /// A run needs no reader: its results are in the store.
    @Test func aRunKeepsItsVerdictWithoutListeners() async throws {
        let fixture = try await RecordedStore([:])
        let run = ["run", "--only", "lost"]
        for (descriptors, status) in [
            (Descriptors.outputClosed, 1), (.readerGone, 1), (.errorsClosed, 1), (.errorsFull, 1),
            (.errorsWithoutReader, 1), (.inputClosed, 1), (.allClosed, 1), (.outputFull, 3),
        ] as [(Descriptors, Int32)] {
            let ending = try fixture.shell(descriptors.rawValue, run)
            #expect(ending.status == status, "\(descriptors): \(ending.messages)")
            #expect(try fixture.run("results", "--all", "lost").output.contains("1 unsolvable"))
        }
    }

    @Test func watchEndsWithItsReader() async throws {
        let fixture = try await RecordedStore()
        let ending = try fixture.shell(
            #"{ "$@"; echo $? >status; } | { head -1; exec <&-; while ! test -s status; do sleep 0.05; done; }"#,
            ["watch"])
        #expect(ending.output == "small\n" && ending.messages.isEmpty, "\(ending)")
        #expect(fixture.directory.read("status") == "0\n")
    }

    @Test func aReaderWhoHasSeenEnoughIsNoError() async throws {
        let fixture = try await RecordedStore()
        for command in [
            ["log", "good"], ["log", "--raw", "good"], ["--help"], ["store", "show", "small", "plan.json"],
        ] {
            let ending = try fixture.shell(#"{ "$@"; echo $? >status; } | head -1"#, command)
            #expect(ending.messages.isEmpty && ending.output.hasSuffix("\n"), "\(command): \(ending)")
            #expect(fixture.directory.read("status") == "0\n", "\(command)")
        }
    }
}
