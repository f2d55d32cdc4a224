internal import Core
internal import Foundation
internal import Glibc
package import PluginHost
internal import PluginMessages
internal import System

/// Checks a plugin's file: whether it can be loaded, how it answers every call about every target, whether it repeats
/// its answers, and whether it survives invalid requests.
///
/// Scripts are parsed by a shell of their family, but never run here: the file may come from anywhere. The report lists
/// those that may be run in a sandbox.
///
/// - SeeAlso: `docs/decisions/0146-strict-check.md`
package struct Conformance: Sendable {
    let file: PluginFile
    let host: PluginHostProgram
    let limits: PluginLimits
    let shells: [ShellFamily: String]

    /// Runs all checks.
    ///
    /// - Parameters:
    ///   - host: the program that loads the plugin.
    ///   - directories: the directories in which shells are searched.
    package static func check(
        _ file: PluginFile, host: PluginHostProgram = .besideThisProgram(), limits: PluginLimits = PluginLimits(),
        directories: [String] = ProcessEnvironment().programDirectories
    ) async -> ConformanceReport {
        let plugin: Plugin
        do {
            plugin = try await Plugin.load(file, host: host, limits: limits)
        } catch {
            let loading = ConformanceReport.Check("load", problems: ["\(error)"], tried: "")
            return ConformanceReport(file: file.path, identity: nil, checks: [loading])
        }
        let suite = Conformance(
            file: file, host: host, limits: limits,
            shells: ScriptShell.find(in: directories))
        let identity = plugin.identity
        let (checks, trials) = await SerialQueueExecutor(label: "conformance").run { suite.run(identity) }
        return ConformanceReport(file: file.path, identity: identity, checks: checks, trials: trials)
    }

    /// The checks after loading; calls that later checks need come first.
    private func run(_ identity: Plugin.Identity) -> ([ConformanceReport.Check], [TrialStep]) {
        var checks = [ConformanceReport.Check("load", problems: [], tried: "\(identity.name) \(identity.version)")]
        let description: PluginDescription
        do {
            description = try session().ask(PluginCalls.Describe.self, NoArguments())
            checks.append(self.describe(description, identity))
        } catch {
            return (checks + [ConformanceReport.Check("describe", problems: ["\(error)"], tried: "")], [])
        }
        let answers = Answers(to: requests(of: description), of: description.distributions, session)
        checks.append(
            ConformanceReport.Check(
                "target", problems: merged(answers.targetProblems), tried: count(answers.targets.count, "target")))
        checks.append(
            ConformanceReport.Check(
                "system-packages", problems: answers.packageProblems, tried: count(answers.packages.count, "answer")))
        checks.append(
            ConformanceReport.Check(
                "steps", problems: answers.stepProblems, tried: count(answers.steps.count, "answer")))
        checks.append(patterns())
        let exchanges = answers.exchanges + fixedExchanges()
        let answered = ContinuousClock.now
        var others = syntax(of: answers)
        others.append(dialect(of: answers))
        others.append(hostileRequests(description, known: answers.targets.map(\.request).first))
        others.append(hostileNames(answers))
        // Even a clock with a resolution of a second must have advanced since the first answers.
        usleep(UInt32(max(0, (answered + .milliseconds(1_100) - .now) / .microseconds(1))))
        checks.append(determinism(exchanges))
        return (checks + others, answers.trials)
    }

    /// Starts a new child process, so that no check depends on an earlier one.
    func session() throws(PluginFault) -> Session {
        try Session(process: PluginProcess(file, host: host, limits: limits))
    }

    private func describe(_ description: PluginDescription, _ identity: Plugin.Identity) -> ConformanceReport.Check {
        var problems: [String] = []
        if description.name != identity.name {
            problems.append("name: expected '\(identity.name)' as in the descriptor, found '\(description.name)'")
        }
        if description.version != identity.version {
            problems.append(
                "version: expected '\(identity.version)' as in the descriptor, found '\(description.version)'")
        }
        for option in description.options where option.summary.isEmpty {
            problems.append("options: '\(option.name)' has no summary")
        }
        problems += description.oversights
        let targets = description.distributions.reduce(0) { $0 + $1.targets.count }
        return ConformanceReport.Check("describe", problems: problems, tried: count(targets, "target"))
    }

    /// All targets and architectures, with the distribution's compiler and without.
    private func requests(of description: PluginDescription) -> [TargetRequest] {
        description.distributions.flatMap { distribution in
            distribution.targets.flatMap { target in
                distribution.architectures.flatMap { architecture in
                    [false, true].compactMap {
                        distribution.request(
                            target: target, architecture: architecture, systemCompiler: $0, options: [:])
                    }
                }
            }
        }
    }

    private func patterns() -> ConformanceReport.Check {
        do {
            let patterns = try session().ask(PluginCalls.Patterns.self, NoArguments()).patterns
            let problems = patterns.flatMap { pattern in
                do {
                    return try PatternExamples(pattern).problems
                } catch {
                    return ["\((error as? Failure)?.diagnostics.first?.message ?? "\(error)")"]
                }
            }
            return ConformanceReport.Check("patterns", problems: problems, tried: count(patterns.count, "pattern"))
        } catch {
            return ConformanceReport.Check("patterns", problems: ["\(error)"], tried: "")
        }
    }

    /// The calls whose request is always the same, if they are answered.
    private func fixedExchanges() -> [Exchange] {
        [PluginCalls.Describe.name, PluginCalls.Patterns.name].compactMap { call in
            let request = Array("{}".utf8)
            guard let answer = try? session().raw(call, request) else { return nil }
            return Exchange(call: call, request: request, answer: answer)
        }
    }

    /// Repeats all calls in a new process, and twice in it: the bytes of answers must be equal.
    private func determinism(_ exchanges: [Exchange]) -> ConformanceReport.Check {
        var problems: [String] = []
        do {
            let session = try session()
            for exchange in exchanges {
                for process in ["another process", "the same process"] {
                    let again = try session.raw(exchange.call, exchange.request)
                    guard again != exchange.answer, problems.count < 5 else { continue }
                    problems.append(
                        "\(exchange.call): equal requests, but different bytes from \(process): "
                            + Self.difference(exchange.answer.bytes, again.bytes))
                }
            }
        } catch {
            problems.append("\(error)")
        }
        return ConformanceReport.Check("determinism", problems: problems, tried: count(exchanges.count, "request"))
    }

    /// The position at which two answers begin to differ.
    private static func difference(_ first: [UInt8], _ second: [UInt8]) -> String {
        let same = zip(first, second).prefix { $0 == $1 }.count
        func excerpt(_ bytes: [UInt8]) -> String {
            String(decoding: bytes[max(0, same - 20)..<min(bytes.count, same + 20)], as: UTF8.self)
                .replacing("\n", with: " ")
        }
        return
            "'\(excerpt(first))' and '\(excerpt(second))'; an answer must depend only on the request, not on a clock, "
            + "a counter or a file"
    }

    /// Problems that several targets share, reported once.
    private func merged(_ problems: [String]) -> [String] {
        var targets: [String: [String]] = [:]
        var order: [String] = []
        for problem in problems {
            let parts = problem.split(separator: ": ", maxSplits: 1).map(String.init)
            let message = parts.count == 2 ? parts[1] : ""
            if targets[message] == nil { order.append(message) }
            targets[message, default: []].append(parts[0])
        }
        return order.map { message in
            let affected = targets[message] ?? []
            let more = affected.count > 1 ? " and \(affected.count - 1) more" : ""
            return "\(affected.first ?? "")\(more): \(message)"
        }
    }

    /// Features that the shells of a family lack, whether or not one is installed.
    private func dialect(of answers: Answers) -> ConformanceReport.Check {
        let scripts = Set(answers.scripts)
        let problems = scripts.sorted { $0.text < $1.text }.flatMap { script in
            ShellDialect.problems(in: script.text, for: script.family).map { "step '\(script.step)': \($0)" }
        }
        return ConformanceReport.Check(
            "shell dialect", problems: Set(problems).sorted(), tried: count(scripts.count, "script"))
    }

    /// Parses every script.
    private func syntax(of answers: Answers) -> [ConformanceReport.Check] {
        let byFamily = Dictionary(grouping: Set(answers.scripts), by: \.family)
        return byFamily.sorted { $0.key.rawValue < $1.key.rawValue }.map { family, scripts in
            let name = "syntax (\(family.rawValue))"
            guard let shell = shells[family] else {
                return ConformanceReport.Check(
                    name, skipped: "none of \(family.programs.joined(separator: ", ")) is installed")
            }
            let problems = scripts.sorted { $0.text < $1.text }.compactMap { script in
                ScriptShell.syntaxError(in: script.text, shell: shell).map {
                    "step '\(script.step)': expected a script that \(shell) can parse: \($0)"
                }
            }
            return ConformanceReport.Check(
                name, problems: problems, tried: "\(count(scripts.count, "script")) by \(shell)")
        }
    }
}
