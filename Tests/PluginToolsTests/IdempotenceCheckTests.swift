import Foundation
import PluginMessages
import TestSupport
import Testing

@testable import PluginHost
@testable import PluginTools

/// The trial run of `ci plugin check` for steps that are marked as idempotent.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/bwrap"), "needs bwrap"))
struct IdempotenceCheckTests {
    private func status(on script: String, unless: String? = nil, idempotent: Bool = true) async throws
        -> ConformanceReport.Check.Status
    {
        let directory = try TemporaryDirectory()
        let step = Step("it", phase: .depext, script: script, user: .root, idempotent: idempotent, unless: unless)
        let report = ConformanceReport(
            file: "x", identity: nil, checks: [],
            trials: [TrialStep(step: step, family: .posix, environment: [:])])
        return await IdempotenceCheck.check(report, in: directory.path).status
    }

    @Test func idempotentStepsPass() async throws {
        // Without root, only `ci` itself enters a user namespace that has other users.
        let user = geteuid() == 0 ? "useradd -m -u 1000 -d /home/opam opam" : "mkdir -p /home/opam"
        let script = """
            [ -d /var/x ] || mkdir /var/x
            echo 1 > /var/x/y
            apt-get install -y --no-install-recommends gmp
            id opam >/dev/null 2>&1 || \(user)
            """
        #expect(try await status(on: script) == .passed("1 step run"))
    }

    @Test(arguments: [
        ("echo 1 >> /var/x", "the second run changes /var/x"),
        ("mkdir /var/x", "the second run ends with exit status 1"),
        ("useradd opam", "the second run ends with exit status 9: opam exists"),
        ("date +%s%N > /var/x", "the second run changes /var/x"),
    ])
    func falselyIdempotentStepsAreFound(script: String, problem: String) async throws {
        guard case .failed(let problems) = try await status(on: script) else {
            Issue.record("\(script) passed")
            return
        }
        #expect(problems.count == 1)
        #expect(problems[0].hasPrefix("step 'it': \(problem)"), "\(problems)")
    }

    @Test func aQuestionMustKnowThatTheStepWasRun() async throws {
        let install = "pkg_add -I -x gmp"
        #expect(try await status(on: install, unless: "pkg_info -q -e 'gmp-*'") == .passed("1 step run"))
        guard case .failed(let problems) = try await status(on: install, unless: "pkg_info -q -e 'mpfr-*'") else {
            Issue.record("it passed")
            return
        }
        #expect(problems[0].contains("'unless' fails although the step has run"))
    }

    @Test(arguments: [
        ("exit 4", "the first run ends with exit status 4"),
        ("mkdir /no/such", "the first run ends with exit status 1"),
        ("mkdri -p /var/x", "there is no program 'mkdri'; did you mean 'mkdir'?"),
        ("echo $NO_SUCH_VARIABLE", "the first run ends with exit status 2"),
    ])
    func aStepThatFailsAtOnceIsFound(script: String, problem: String) async throws {
        for idempotent in [true, false] {
            guard case .failed(let problems) = try await status(on: script, idempotent: idempotent) else {
                Issue.record("\(script) passed")
                return
            }
            #expect(problems[0].hasPrefix("step 'it': \(problem)"), "\(problems)")
        }
    }

    @Test func aStepThatIsNotIdempotentIsRunOnce() async throws {
        #expect(try await status(on: "mkdir /var/x", idempotent: false) == .passed("1 step run"))
    }

    @Test func aQuestionThatIsAlwaysTrueIsFound() async throws {
        guard case .failed(let problems) = try await status(on: "mkdir -p /var/x", unless: "true") else {
            Issue.record("it passed")
            return
        }
        #expect(problems[0].contains("'unless' succeeds before the step has run"))
    }

    @Test func missingRequirementsOfTheMachineAreReported() async throws {
        guard case .skipped(let reason) = try await status(on: "no-such-manager install x") else {
            Issue.record("it was tried")
            return
        }
        #expect(reason.contains("no-such-manager: not found"))
    }
}
