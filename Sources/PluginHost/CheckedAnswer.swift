internal import Core
package import PluginMessages

/// An answer whose values can be invalid although they have the right types.
package protocol CheckedAnswer {
    associatedtype Request
    /// The problems of the answer to `request`, each as a sentence with what was expected and found.
    func problems(with request: Request) -> [String]
}

extension PluginDescription: CheckedAnswer {
    package func problems(with request: NoArguments) -> [String] {
        var problems: [String] = []
        if !isName(name) { problems.append("name: expected lower-case letters, digits and '-', found '\(name)'") }
        if version.isEmpty { problems.append("version: expected text, found none") }
        if distributions.isEmpty { problems.append("distributions: expected at least one, found none") }
        for distribution in distributions {
            if !isName(distribution.name) {
                problems.append(
                    "distributions: expected a name of lower-case letters, digits and '-', found '\(distribution.name)'"
                )
            }
            if distribution.architectures.isEmpty {
                problems.append("distributions: '\(distribution.name)' has no architecture")
            }
        }
        return problems + repeated(options.map(\.name), "options")
    }
}

extension TargetDescription: CheckedAnswer {
    package static let expectedVariables = ["arch", "os", "os-distribution", "os-family", "os-version"]

    package func problems(with request: TargetRequest) -> [String] {
        var problems: [String] = []
        if target != request.target {
            problems.append("target: expected '\(request.target)' as requested, found '\(target)'")
        }
        for name in Self.expectedVariables where variables[name, default: ""].isEmpty {
            problems.append("variables: expected a value for '\(name)', found none")
        }
        if request.systemCompiler, variables["sys-ocaml-version", default: ""].isEmpty {
            problems.append("variables: the system compiler was requested, but 'sys-ocaml-version' has no value")
        }
        return problems + environment.problems
    }
}

extension EnvironmentDescription {
    fileprivate var problems: [String] {
        var problems = stepProblems(bootstrap + (probe.map { [$0] } ?? []), allowed: [.bootstrap])
        if kind == .image, image == nil { problems.append("environment: the kind is 'image', but 'image' is absent") }
        if kind != .image, image != nil {
            problems.append("environment: 'image' is set, but the kind is '\(kind.rawValue)'")
        }
        if kind != .rootFileSystem, bootstrap.contains(where: { $0.place == .worker }) {
            problems.append("environment: a step on the worker, but the kind is '\(kind.rawValue)'")
        }
        if let inside = bootstrap.firstIndex(where: { $0.place == .environment }),
            let late = bootstrap[inside...].first(where: { $0.place == .worker })
        {
            problems.append("environment: '\(late.name)' on the worker comes after a step in the environment")
        }
        for (name, path) in [
            ("shell", shell.path), ("home", paths.home), ("opamRoot", paths.opamRoot), ("build", paths.build),
        ] where !isCleanAbsolutePath(path) {
            problems.append("environment: \(name): expected an absolute path without '.' and '..', found '\(path)'")
        }
        if buildUser.name == "root" || buildUser.uid == 0 {
            problems.append("environment: the build user is root")
        }
        return problems
            + environment.keys.sorted().filter { !isVariableName($0) }
            .map { "environment: '\($0)' is not a valid name of an environment variable" }
    }
}

extension SystemPackagesAnswer: CheckedAnswer {
    package func problems(with request: SystemPackagesRequest) -> [String] {
        var problems: [String] = []
        if packages.map(\.name) != request.names {
            problems.append("packages: expected the \(request.names.count) names of the request in their order")
        }
        for package in packages where package.status == .unknown && !package.packages.isEmpty {
            problems.append("packages: '\(package.name)' is unknown, but has packages")
        }
        for package in packages where package.status == .passedThrough && package.packages != [package.name] {
            problems.append("packages: '\(package.name)' is passed through, but its packages are \(package.packages)")
        }
        if !installed.isEmpty, steps.isEmpty {
            problems.append("steps: \(installed.count) packages to install, but no step")
        }
        return problems + stepProblems(steps, allowed: [.depext])
    }
}

extension StepsAnswer: CheckedAnswer {
    package func problems(with request: StepsRequest) -> [String] {
        stepProblems(steps, allowed: [.configure, .build, .test, .install, .remove])
    }
}

extension PatternsAnswer: CheckedAnswer {
    package func problems(with request: NoArguments) -> [String] {
        var problems = repeated(patterns.map(\.name), "patterns")
        for pattern in patterns {
            if !isName(pattern.name) { problems.append("patterns: '\(pattern.name)' is not a valid name") }
            if pattern.examples.isEmpty { problems.append("patterns: '\(pattern.name)' has no example") }
        }
        return problems
    }
}

private func stepProblems(_ steps: [Step], allowed: Set<Step.Phase>) -> [String] {
    var problems = repeated(steps.map(\.name), "steps")
    for step in steps {
        let name = "step '\(step.name)'"
        if !isName(step.name) { problems.append("\(name): expected a name of lower-case letters, digits and '-'") }
        if !allowed.contains(step.phase) {
            problems.append("\(name): the phase '\(step.phase.rawValue)' is not allowed here")
        }
        if step.place == .worker, step.phase != .bootstrap {
            problems.append("\(name): only bootstrap steps run on the worker")
        }
        if hasNoCommand(step.script) {
            problems.append("\(name): the script is empty: expected commands; leave the step out if there are none")
        }
        if let question = step.unless, hasNoCommand(question) {
            problems.append("\(name): 'unless' is empty, so that the step would never run; leave it out")
        }
        problems += step.limits?.problems.map { "\(name): \($0)" } ?? []
        for (variable, value) in step.environment.sorted(by: { $0.key < $1.key })
        where value.unicodeScalars.contains("\u{0}") {
            problems.append("\(name): environment: '\(variable)': the value has a zero byte; remove it")
        }
        if step.script.utf8.contains(0) { problems.append("\(name): the script has a zero byte") }
        if let directory = step.directory, !isCleanAbsolutePath(directory) {
            problems.append("\(name): directory: expected an absolute path, found '\(directory)'")
        }
        for variable in step.environment.keys.sorted() where !isVariableName(variable) {
            problems.append("\(name): '\(variable)' is not a valid name of an environment variable")
        }
    }
    return problems
}

private func hasNoCommand(_ script: String) -> Bool {
    script.split(whereSeparator: \.isNewline).allSatisfy { line in
        let text = line.drop { $0 == " " || $0 == "\t" }
        return text.isEmpty || text.hasPrefix("#")
    }
}

extension StepLimits {
    fileprivate var problems: [String] {
        let values = [
            ("time", time, "seconds", 604_800), ("silence", silence, "seconds", 604_800),
            ("memory", memory, "bytes", 1 << 50), ("disk", disk, "bytes", 1 << 50), ("log", log, "bytes", 1 << 40),
            ("processes", processes, "processes", 1 << 22),
        ]
        return values.compactMap { name, value, unit, most in
            guard let value, !(1...most).contains(value) else { return nil }
            return "limits: \(name): expected 1 to \(most) \(unit), found \(value)"
        }
    }
}

private func repeated(_ names: [String], _ list: String) -> [String] {
    var seen: Set<String> = []
    return names.filter { !seen.insert($0).inserted }.map { "\(list): '\($0)' occurs twice" }
}

private func isName(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || isLetterOrDigit($0) }
        && text == text.lowercased()
}

private func isVariableName(_ text: String) -> Bool {
    guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
    return text.utf8.allSatisfy { $0 == UInt8(ascii: "_") || isLetterOrDigit($0) }
}

private func isCleanAbsolutePath(_ path: String) -> Bool {
    path.isAbsolutePath && !path.utf8.contains(0) && path.pathNames.allSatisfy { $0 != "." && $0 != ".." }
}
