import Archive
import Core
import Fetching
import Foundation
import LogReading
import Model
import OpamSwitch
import PluginKit
import PluginMessages
import RunnerInterface
import SSH
import Supervision
import TestSupport
import Testing

@testable import Worker

/// Which errors blame a package, and which the machine.
@Suite struct VerdictTests {
    private struct UnknownError: Error {}

    /// Every error that is not marked as a package failure is an infrastructure failure, including unforeseen ones.
    @Test func onlyAPackageFailureBlamesThePackage() throws {
        let errors: [any Error] = [
            Failure(.input, "x"), Failure(.unavailable, "x"), MachineFailure("x"), UnknownError(),
            RecipeError(description: "x"), SourceError(.rejected, "x"), SourceError(.missing, "x"),
            SourceError(.network, "x"), SourceError(.moved, "x"), CocoaError(.fileReadNoPermission), POSIXError(.EIO),
            ArchiveError(.damaged, archive: "x", detail: "x"), RemoteRefusal(.unready, "x"),
            SystemPackageLayers.Refusal.unknown(["x"]),
            PackageBuild.StepFailure(
                phase: .build, name: "x", command: "x", result: CommandResult(ending: .exited(1)), output: "x"),
        ]
        for error in errors {
            let report = JobReport(endingWith: error)
            #expect(report.outcome == .infrastructure, "\(error)")
            #expect(report.phase == nil && report.signature == nil, "\(error)")
        }
        let report = JobReport(endingWith: PackageFailure(.build, "Error: Unbound module Foo"))
        #expect(report.outcome == .failure)
        #expect(report.phase == .build)
        #expect(report.signature == "Error: Unbound module Foo")
        #expect(JobReport(endingWith: CancellationError()).outcome == .cancelled)
    }

    private func judged(
        _ phase: Phase, _ ending: CommandResult.Ending, _ printed: String, patterns: [LogPattern],
        limits: Limits = Limits(memory: 1, processes: 1, openFiles: 1), onHost: Bool = false, isOwn: Bool = false
    ) throws -> JobReport {
        let directory = try TemporaryDirectory()
        let log = try JobLog(directory("log"))
        let earlier = log.begin(phase, "earlier", "apt-get update")
        earlier.append(Array("E: Unable to locate package of-an-earlier-step\n".utf8))
        earlier.end(CommandResult(ending: .exited(0)))
        let section = log.begin(phase, "step", "make all")
        section.append(Array(printed.utf8))
        section.end(CommandResult(ending: ending))
        log.note("E: Unable to locate package of-a-note")
        let classifier = StepClassifier(
            reader: LogReader(patterns), scratch: directory.path, limits: limits,
            machine: onHost ? nil : HostLimits.ofThisProcess())
        var failure = section.failure(CommandResult(ending: ending))
        failure.isOwn = isOwn
        return JobReport(endingWith: classifier.error(for: failure))
    }

    /// The steps that unpack and patch a source are the runner's: a program that the environment lacks is not the fault
    /// of the package. In a package's own step it is.
    @Test(
        arguments: [
            "/bin/sh: 22: tar: not found", "/bin/sh: 21: unzip: not found", "tar: command not found",
            "sh: patch: not found\nError: the patch 'fix.patch' does not apply",
            "tar (child): xz: Cannot exec: No such file or directory\ntar: Child returned status 2",
            "tar: can't execute 'xz': No such file or directory",
            #"tar: Error opening archive: Can't initialize filter; unable to run program "xz -d -qq""#,
        ])
    func aProgramThatUnpackingLacksIsInfrastructure(printed: String) throws {
        let patterns = CommonPatterns.all
        let own = try judged(.fetch, .exited(2), printed, patterns: patterns, isOwn: true)
        #expect(own.outcome == .infrastructure, "\(own)")
        #expect(own.reason?.contains("the environment lacks a program") == true, "\(own)")
        #expect(try judged(.build, .exited(2), printed, patterns: patterns).outcome == .failure)
        let damaged = try judged(
            .fetch, .exited(2), "tar: This does not look like a tar archive", patterns: patterns, isOwn: true)
        #expect(damaged.outcome == .failure && damaged.phase == .fetch, "\(damaged)")
    }

    /// A step that installs system packages is the distribution's: only a name that it does not have is the package's.
    @Test(
        arguments: [
            ("E: Unable to locate package libfoo-dev", "no system package libfoo-dev"),
            ("E: Package 'libpcre3-dev' has no installation candidate", "no system package libpcre3-dev"),
            ("E: Sub-process http returned an error code (112)", nil),
            ("E: Unable to locate package libfoo-dev\nW: Some index files failed to download.", nil),
            ("error: target not found: libfoo\nerror: failed to synchronize all databases (unexpected error)", nil),
            ("No match for argument: libfoo\nError: Unable to find a match: libfoo", "no system package libfoo"),
            ("ERROR: unable to select packages:\n  libfoo (no such package):", "no system package libfoo"),
            ("E: Method http has died unexpectedly!", nil),
            ("E: setgroups 65534 failed - setgroups (1: Operation not permitted)", nil),
            ("E: Failed to fetch http://m/pool/x.deb  404  Not Found", nil),
            ("dpkg: error: unable to create new file: Operation not permitted", nil),
            ("sh: 1: update-alternatives: not found", nil),
            ("Error: an error of a maintainer script", nil),
            ("fatal error: gmp.h: No such file or directory", nil),
            ("", nil),
        ] as [(String, String?)])
    func systemPackages(printed: String, signature: String?) throws {
        let patterns = AptFamily.patterns
        let report = try judged(.depext, .exited(100), printed + "\n", patterns: patterns)
        #expect(report.outcome == (signature == nil ? .infrastructure : .failure), "\(report)")
        #expect(report.signature == signature)
        for ending in [
            CommandResult.Ending.timedOut(.wall), .timedOut(.silence), .outOfMemory, .diskLimit, .signalled(9),
        ] {
            #expect(try judged(.depext, ending, "", patterns: patterns).outcome == .infrastructure, "\(ending)")
        }
    }

    /// Messages about mirrors printed by the package's own commands are not believed.
    @Test func thePackagesOwnCommandsAreThePackages() throws {
        let printed = "E: Failed to fetch http://m/pool/x.deb  404  Not Found\n"
        #expect(try judged(.build, .exited(1), printed, patterns: AptFamily.patterns).outcome == .failure)
        let reasons: [(CommandResult.Ending, String, String)] = [
            (.exited(1), "", "`make all` exited with status 1; no error line was recognised"),
            (.exited(2), "=== build: exit status 2\n", "`make all` exited with status 2; no error line was recognised"),
            (.exited(127), "", "command not found: make"),
            (.exited(126), "", "permission denied: make cannot be executed"),
            (.exited(127), "sh: 1: foo: not found\n", "sh: 1: foo: not found"),
            (.signalled(11), "", "`make all` was killed by signal 11 (Segmentation fault)"),
            (.exited(1), "a\nfatal: no final newline", "fatal: no final newline"),
        ]
        for (ending, printed, reason) in reasons {
            #expect(try judged(.build, ending, printed, patterns: []).reason == reason)
        }
        for ending in [CommandResult.Ending.hostDiskFull, .setupFailed("x"), .connectionLost("x")] {
            #expect(try judged(.build, ending, printed, patterns: []).outcome == .infrastructure, "\(ending)")
        }
    }

    /// A message about a resource refused by the machine is believed if its limit is the tighter one.
    @Test(arguments: [
        "sh: 1: Cannot fork", "make: fork: Resource temporarily unavailable",
        "cc1: out of memory allocating 65536 bytes",
        "fork: Cannot allocate memory", "Fatal error: exception Unix.Unix_error(Unix.EMFILE): Too many open files",
    ])
    func aRefusalIsBelievedWhereTheMachineIsTheTighter(printed: String) throws {
        let patterns: [LogPattern] = []
        #expect(try judged(.build, .exited(2), printed + "\n", patterns: patterns).outcome == .failure)
        let endless = Limits(memory: nil, processes: nil, openFiles: nil)
        let report = try judged(.build, .exited(2), printed + "\n", patterns: patterns, limits: endless)
        #expect(report.outcome == .infrastructure, "\(report)")
        #expect(report.reason?.contains("the job's own limit is none") == true, "\(report)")
        #expect(try judged(.build, .exited(2), "other\n", patterns: patterns, limits: endless).outcome == .failure)
    }

    /// A host reached by ssh cannot be queried about its free disk and memory.
    @Test(arguments: [
        ("x: No space left on device", true), ("fork: Cannot allocate memory", true),
        ("bwrap: setting up uid map: Permission denied", true), ("curl: (6) Could not resolve host: x.org", false),
        ("E: Failed to fetch http://m/pool/x.deb  404  Not Found", false), ("touch: /x: Read-only file system", false),
        ("Error: Unbound module Foo", false),
    ])
    func aHostIsBelievedOfItself(printed: String, isBelieved: Bool) throws {
        let here = try judged(.build, .exited(2), printed + "\n", patterns: [])
        let there = try judged(.build, .exited(2), printed + "\n", patterns: [], onHost: true)
        #expect(there.outcome == (isBelieved ? .infrastructure : .failure), "\(there)")
        #expect(here.outcome == .failure, "\(here)")
        #expect(here.error == there.error)
    }

    /// The error is recorded with its location in the whole log of the job.
    @Test func theErrorHasItsLocationInTheLog() throws {
        let printed = "==== a line that the log escapes\nError: Unbound module Foo\nmake: *** [x] Error 2\n"
        let report = try judged(.build, .exited(2), printed, patterns: [])
        let error = try #require(report.error)
        #expect((error.kind, error.origin, error.isWeak) == ("missing-module", "package", false))
        #expect((error.failureClass, error.pattern) == ("unbound module *", "ocaml-unbound-module"))
        // Two marks and a line of the earlier step, the mark of this one, and a line.
        #expect(error.line == 6 && error.length == 25)
        #expect(error.excerpt.contains("Error: Unbound module Foo\nmake: *** [x] Error 2"))
        #expect(!error.excerpt.contains("=== begin"))
        let weak = try judged(.build, .exited(2), "make: *** [x] Error 2\n", patterns: [])
        #expect(weak.error?.isWeak == true && weak.reason == "make: *** [x] Error 2")
        #expect(try judged(.build, .exited(2), "", patterns: []).error == nil)
        let mirror = try judged(.depext, .exited(100), "E: Failed to fetch http://m/x  404  Not Found\n", patterns: [])
        #expect(mirror.outcome == .infrastructure && mirror.error?.kind == "mirror")
    }
}
