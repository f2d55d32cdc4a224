internal import Core
internal import Foundation
internal import PluginHost
internal import PluginMessages

/// The answers of a plugin about every target, and their problems.
struct Answers {
    /// A step's script and the shell that runs it.
    struct Script: Hashable {
        var step: String
        var text: String
        var family: ShellFamily
    }

    private let distributions: [Distribution]
    private(set) var exchanges: [Exchange] = []
    private(set) var targets: [(request: TargetRequest, description: TargetDescription)] = []
    private(set) var packages: [SystemPackagesAnswer] = []
    private(set) var steps: [StepsAnswer] = []
    private(set) var targetProblems: [String] = []
    private(set) var packageProblems: [String] = []
    private(set) var stepProblems: [String] = []
    private(set) var scripts: [Script] = []
    private(set) var trials: [TrialStep] = []

    /// Depext names of opam-repository, and some that must not reach a shell unchanged.
    static let names = ["autoconf", "gmp", "libgmp-dev", "pkg-config", "python3", "zlib"] + hostileNames
    static let hostileNames = [
        "", "--help", "-rf", "a b", "a;reboot", "$(reboot)", "`reboot`", "a\nb", "../../x", "'", "\"", "*",
    ]

    /// Calls a plugin with `requests`, restarting it by `session()` when it breaks.
    init(
        to requests: [TargetRequest], of distributions: [Distribution], _ session: () throws(PluginFault) -> Session
    ) {
        self.distributions = distributions
        for request in requests {
            do {
                try ask(about: request, session())
            } catch let refusal as Refusal where request.systemCompiler {
                // A distribution's compiler may be unknown, but then a hint is required.
                if refusal.hint == nil {
                    targetProblems.append("\(request.target): a refusal without a hint: \(refusal.message)")
                }
            } catch {
                targetProblems.append("\(request.target) on \(request.architecture): \(error)")
                // Each further request would take as long.
                if (error as? PluginFault)?.isHang == true { break }
            }
        }
        targetProblems += TargetDescription.equalVersions(targets)
    }

    private mutating func ask(about request: TargetRequest, _ session: Session) throws {
        let target = try record(PluginCalls.Target.self, request, session)
        targets.append((request, target))
        let distribution = distributions.first { $0.name == request.distribution }
        targetProblems += target.oversights(for: request, of: distribution).map {
            "\(request.target) on \(request.architecture): \($0)"
        }
        let worker = target.environment.bootstrap.filter { $0.place == .worker }
        let inside =
            target.environment.bootstrap.filter { $0.place == .environment }
            + (target.environment.probe.map { [$0] } ?? [])
        let family = target.environment.shell.family
        try askForImages(request, session)
        add(worker, .posix)
        add(inside, family)
        note(inside, target.environment)
        if let text = target.machine?.setClock {
            scripts.append(Script(step: "machine.setClock", text: text, family: family))
        }
        do {
            let answer = try record(
                PluginCalls.SystemPackages.self, SystemPackagesRequest(target: request, names: Self.names), session)
            packages.append(answer)
            packageProblems += answer.oversights(of: target.environment.kind).map { "\(request.target): \($0)" }
            add(answer.steps, family)
            note(answer.steps, target.environment)
        } catch {
            packageProblems.append("\(request.target): \(error)")
            return
        }
        do {
            let answer = try record(PluginCalls.Steps.self, Self.steps(for: request, target.environment.paths), session)
            steps.append(answer)
            add(answer.steps, family)
        } catch {
            stepProblems.append("\(request.target): \(error)")
        }
    }

    /// Requests recipes for machine images. A plugin need not know the call, and may refuse these installers.
    private mutating func askForImages(_ request: TargetRequest, _ session: Session) throws {
        for installer in ["install.iso", "install.img"] where !request.systemCompiler {
            let image = MachineImageRequest(
                target: request, installer: installer, publicKey: "ssh-ed25519 AAAA", server: "http://10.0.2.2:8000")
            let bytes = [UInt8](try CanonicalJSON.encode(image))
            let reply = try session.raw(PluginCalls.MachineImage.name, bytes)
            if reply.status == .unknownCall { return }
            exchanges.append(Exchange(call: PluginCalls.MachineImage.name, request: bytes, answer: reply))
            do {
                _ = try Session.answer(PluginCalls.MachineImage.self, reply, image)
            } catch is Refusal {
                continue
            } catch {
                targetProblems.append("\(request.target): \(installer): \(error)")
            }
        }
    }

    private mutating func record<Call: PluginCall>(
        _ call: Call.Type, _ request: Call.Request, _ session: Session
    ) throws -> Call.Answer where Call.Answer: CheckedAnswer, Call.Answer.Request == Call.Request {
        let bytes = [UInt8](try CanonicalJSON.encode(request))
        let reply = try session.raw(Call.name, bytes)
        exchanges.append(Exchange(call: Call.name, request: bytes, answer: reply))
        return try Session.answer(Call.self, reply, request)
    }

    private mutating func add(_ steps: [Step], _ family: ShellFamily) {
        scripts += steps.map { Script(step: $0.name, text: $0.script, family: family) }
        scripts += steps.compactMap { step in
            step.unless.map { Script(step: "\(step.name) (unless)", text: $0, family: family) }
        }
    }

    private mutating func note(_ steps: [Step], _ environment: EnvironmentDescription) {
        for step in steps where !trials.contains(where: { $0.step.script == step.script }) {
            trials.append(
                TrialStep(step: step, family: environment.shell.family, environment: environment.environment))
        }
    }

    /// A package whose commands contain all kinds of words that a shell could misinterpret.
    static func steps(for target: TargetRequest, _ paths: Paths) -> StepsRequest {
        StepsRequest(
            target: target, package: "conformance", version: "1.0~beta+1",
            build: [
                ["./configure", "--prefix=\(paths.opamRoot)/default"],
                [
                    "printf", "%s\\n", "a b", "it's", "\"", "$HOME", "`id`", "$(id)", "a\\b", "line\nbreak", "", "é",
                    "-n", "*",
                ],
            ],
            test: [["make", "test"]], install: [["make", "install"]], remove: [["make", "uninstall"]],
            sourceDirectory: "\(paths.build)/conformance.1.0", prefix: "\(paths.opamRoot)/default",
            environment: ["OPAM_SWITCH_PREFIX": "\(paths.opamRoot)/default", "MAKEFLAGS": ""])
    }
}
