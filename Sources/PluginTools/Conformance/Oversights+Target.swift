internal import Core
internal import Foundation
internal import PluginMessages

extension TargetDescription {
    /// Probable mistakes in the description of a target of `distribution`.
    func oversights(for request: TargetRequest, of distribution: Distribution?) -> [String] {
        var problems: [String] = []
        if let arch = variables["arch"], arch != request.architecture {
            problems.append("variables: 'arch': expected '\(request.architecture)' as requested, found '\(arch)'")
        }
        if let found = variables["os-version"], let version = request.version, !Self.agrees(found, with: version) {
            problems.append(
                "variables: 'os-version': expected a version of '\(version)', as the target's name says; found '\(found)'"
            )
        }
        if let family = variables["os-family"], let expected = distribution?.family, family != expected {
            problems.append("variables: 'os-family': expected '\(expected)' as in the description, found '\(family)'")
        }
        if let expected = distribution?.shell, environment.shell.family != expected {
            problems.append(
                "environment: shell: family: expected '\(expected.rawValue)' as in the description, found "
                    + "'\(environment.shell.family.rawValue)'")
        }
        return problems + environment.oversights
    }

    /// Whether opam's version can be that of a release: `12.5` and `1402000` begin like `12` and `14.2`.
    private static func agrees(_ found: String, with version: String) -> Bool {
        let major = version.prefix { $0.isNumber }
        return major.isEmpty || found.hasPrefix(major) || version.hasPrefix(found)
    }

    /// Targets with different names but equal versions, of which one was probably copied from the other.
    static func equalVersions(_ targets: [(request: TargetRequest, description: TargetDescription)]) -> [String] {
        var first: [String: (target: String, version: String)] = [:]
        var problems: Set<String> = []
        for (request, description) in targets {
            guard let version = request.version, let found = description.variables["os-version"] else { continue }
            let key = "\(request.distribution) \(found)"
            guard let other = first[key], other.target != request.target else {
                first[key] = (request.target, version)
                continue
            }
            if version.hasPrefix(other.version) || other.version.hasPrefix(version) { continue }
            problems.insert(
                "\(request.target): variables: 'os-version' is '\(found)', as for '\(other.target)'; correct one of them"
            )
        }
        return problems.sorted()
    }
}

extension EnvironmentDescription {
    fileprivate var oversights: [String] {
        var problems: [String] = []
        if kind == .rootFileSystem, !bootstrap.contains(where: { $0.place == .worker }) {
            problems.append(
                "environment: bootstrap: no step fills the root file system; expected one with \"place\": \"worker\"")
        }
        if probe?.network == true { problems.append("environment: probe: network: a probe runs without; leave it out") }
        if !shell.arguments.contains(where: { $0.hasPrefix("-") && !$0.hasPrefix("--") && $0.contains("e") }) {
            problems.append(
                "environment: shell: arguments: expected -e among them, so that a command that fails ends the script; "
                    + "found \(shell.arguments)")
        }
        let named = [("home", paths.home), ("opamRoot", paths.opamRoot), ("build", paths.build)]
        for (number, (name, path)) in named.enumerated() {
            for (other, same) in named[..<number] where path == same {
                problems.append(
                    "environment: paths: '\(name)' and '\(other)' are both '\(path)'; expected different ones")
            }
        }
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where value.unicodeScalars.contains("\u{0}") {
            problems.append("environment: environment: '\(name)': the value has a zero byte; remove it")
        }
        return problems + missingTools
    }

    /// Programs that are called by scripts on the worker, are not standard on Linux, and are not listed.
    private var missingTools: [String] {
        let listed = Set(tools.map(\.program))
        return bootstrap.filter { $0.place == .worker }.flatMap { step -> [String] in
            var reader = ShellReader(step.script)
            var missing: Set<String> = []
            while let command = reader.nextCommand() {
                guard let program = command.words.first, command.words.dropFirst().first != "-v" else { continue }
                if Self.uncommonPrograms.contains(program), !listed.contains(program) { missing.insert(program) }
            }
            return missing.sorted().map {
                "environment: tools: step '\(step.name)' calls '\($0)'; list it, so that a worker without it reports "
                    + "that at once"
            }
        }
    }

    private static let uncommonPrograms: Set<String> = [
        "apk", "apt", "apt-get", "apt-cache", "bsdtar", "bunzip2", "bzip2", "cpio", "curl", "debootstrap", "dnf",
        "dpkg",
        "emerge", "gpg", "gpgv", "gunzip", "gzip", "mmdebstrap", "pacman", "pacstrap", "podman", "docker", "python3",
        "rpm",
        "rsync", "skopeo", "umoci", "unsquashfs", "unzip", "wget", "xbps-install", "xz", "yum", "zstd", "zypper",
    ]
}

extension SystemPackagesAnswer {
    /// Probable mistakes in an answer to `system-packages`.
    func oversights(of kind: EnvironmentDescription.Kind) -> [String] {
        var problems: [String] = []
        for package in packages {
            let location = "packages: '\(package.name)'"
            if package.status == .mapped, package.packages.isEmpty, package.reason?.trimmed.isEmpty != false {
                problems.append(
                    "\(location) is mapped to no package; name one, or say in 'reason' that the environment has it")
            }
            if package.status == .passedThrough, package.packages.isEmpty {
                problems.append("\(location) is passed through to no package; expected ['\(package.name)']")
            }
            for name in package.packages
            where name.wholeMatch(of: /[0-9A-Za-z@_][^\s"'`$\\;|&<>(){}*?!]*/) == nil {
                problems.append("\(location): '\(name)' is not a package name; expected letters, digits and '+-._'")
            }
            problems += repeats(of: package.packages).map { "\(location): '\($0)' occurs twice; remove one" }
        }
        if !steps.isEmpty {
            let scripts = steps.map(\.script).joined(separator: "\n")
            problems += installed.filter { !scripts.contains($0) }.map {
                "steps: '\($0)' is to be installed, but no script names it; add it"
            }
        }
        if kind == .rootFileSystem {
            problems += steps.filter { $0.user != .root }.map {
                "step '\($0.name)': user: the build user cannot install packages in a root file system; expected 'root'"
            }
        }
        return problems
    }
}
