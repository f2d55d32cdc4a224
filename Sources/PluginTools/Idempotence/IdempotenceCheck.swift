internal import Core
internal import Foundation
internal import PluginHost
internal import PluginMessages
internal import Sandbox
internal import Supervision
internal import Synchronization
internal import System

/// Runs the steps by which a plugin prepares an environment in a sandbox. Each must succeed; if a step is marked
/// idempotent, a second run must succeed and change nothing. The step's script `unless`, if it has one, must fail
/// before the step and succeed after it.
///
/// The sandbox contains this machine's programs, with stubs for those that would change a system: a package manager
/// records names in a directory, `useradd` appends a line and fails if there is one. A step that calls a program that
/// this machine lacks, or reads a file of its own system, counts as not tried.
package struct IdempotenceCheck {
    private let scratch: ScratchDirectory

    /// Tries the steps of a report.
    ///
    /// - Parameter directory: the directory for the sandboxes, on a file system other than an overlay.
    package static func check(_ report: ConformanceReport, in directory: String) async -> ConformanceReport.Check {
        let name = "trial run"
        do {
            let trial = try IdempotenceCheck(in: directory)
            var (problems, tried, untried) = ([String](), 0, [String]())
            for candidate in report.trials {
                switch try await trial.run(candidate) {
                case .same: tried += 1
                case .different(let problem):
                    tried += 1
                    problems.append("step '\(candidate.step.name)': \(problem)")
                case .untried(let reason): untried.append("\(candidate.step.name): \(reason)")
                }
            }
            let left = untried.isEmpty ? "" : "; not \(untried.joined(separator: ", "))"
            if tried == 0, !untried.isEmpty { return .init(name, skipped: "nothing could be run\(left)") }
            return .init(name, problems: problems, tried: "\(tried) step\(tried == 1 ? "" : "s") run\(left)")
        } catch {
            return .init(name, skipped: "no sandbox: \(error)")
        }
    }

    private enum SecondRun {
        case same
        case different(String)
        case untried(String)
    }

    private init(in directory: String) throws {
        scratch = try Files.scratchDirectory(in: directory)
        let manager = FileManager.default
        let base = "\(scratch.path)/base"
        for name in ["etc", "home", "opt", "proc", "dev", "tmp", "usr", "var/cache", "var/lib", "root", "stubs"] {
            try manager.createDirectory(atPath: "\(base)/\(name)", withIntermediateDirectories: true)
        }
        try manager.createDirectory(atPath: "\(base)\(Stubs.packages)", withIntermediateDirectories: true)
        chmod("\(base)\(Stubs.packages)", 0o777)
        for name in ["bin", "sbin", "lib", "lib64"] {
            try manager.createSymbolicLink(atPath: "\(base)/\(name)", withDestinationPath: "usr/\(name)")
        }
        let files = [
            "etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/group": "root:x:0:\n",
            "etc/os-release": "ID=trial\nVERSION_ID=1\n",
        ]
        for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(base)/\(name)")) }
        for (name, text) in Stubs.scripts {
            let path = "\(base)/stubs/\(name)"
            try Data("#!/bin/sh\n\(text)\n".utf8).write(to: URL(fileURLWithPath: path))
            chmod(path, 0o755)
        }
    }

    private func run(_ candidate: TrialStep) async throws -> SecondRun {
        let sandbox = try Sandbox(
            Sandbox.Layout(base: "\(scratch.path)/base", binds: [.init("/usr", at: "/usr")]), in: scratch.path)
        if await isUnneeded(candidate, in: sandbox)?.succeeded == true {
            return .different(
                "'unless' succeeds before the step has run, so it would never run; test for what the step creates"
            )
        }
        let first = await run(candidate, in: sandbox)
        guard first.result.succeeded else { return try Self.judge(first.result, first.output) }
        let before = try Self.contents(of: sandbox.changes)
        if candidate.step.idempotent {
            let second = await run(candidate, in: sandbox)
            guard second.result.succeeded else {
                let lastLine = second.output.split(separator: "\n").last.map { ": \($0)" } ?? ""
                return .different(
                    "the second run ends with \(second.result.ending)\(lastLine); make it succeed, or set \"idempotent\": false"
                )
            }
            let after = try Self.contents(of: sandbox.changes)
            let changed = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.min()
            if let changed {
                return .different(
                    "the second run changes /\(changed); leave it unchanged, or set \"idempotent\": false")
            }
        }
        guard let answer = await isUnneeded(candidate, in: sandbox), !answer.succeeded else { return .same }
        return .different(
            "'unless' fails although the step has run: \(answer.ending); test for what the step creates")
    }

    /// The result of the step's script `unless`; nil if it has none.
    private func isUnneeded(_ candidate: TrialStep, in sandbox: Sandbox) async -> CommandResult? {
        guard let question = candidate.step.unless else { return nil }
        var test = candidate
        test.step.script = question
        test.step.user = .build
        return await run(test, in: sandbox).result
    }

    /// Decides whether a failed first run is the step's own mistake, or due to differences between the sandbox and the
    /// step's system.
    private static func judge(_ result: CommandResult, _ output: String) throws -> SecondRun {
        if case .setupFailed(let reason) = result.ending { throw Failure(.unavailable, reason) }
        let lastLine = output.split(separator: "\n").last.map(String.init) ?? "\(result.ending)"
        if let missing = output.firstMatch(of: /([^\s:]+): (?:command )?(?:not found|inaccessible or not found)/) {
            let program = String(missing.output.1)
            let swapped = commonPrograms.first { $0.sorted() == program.sorted() }
            guard let meant = swapped ?? nearest(to: program, in: commonPrograms), meant != program, program.count > 3
            else {
                return .untried(lastLine)
            }
            return .different("there is no program '\(program)'; did you mean '\(meant)'?")
        }
        // Files of a system that come only with its packages.
        if output.firstMatch(of: /\/(?:etc|usr|boot|lib|opt|var\/lib)\/\S*: No such file/) != nil {
            return .untried(lastLine)
        }
        return .different("the first run ends with \(result.ending): \(lastLine); correct the script")
    }

    private static let commonPrograms = [
        "apt-get", "awk", "basename", "cat", "chgrp", "chmod", "chown", "cut", "date", "dirname", "echo", "env", "expr",
        "find", "grep", "groupadd", "head", "install", "ln", "mkdir", "mktemp", "mount", "printf", "pwd", "readlink",
        "rmdir",
        "sed", "sleep", "sort", "stat", "tail", "tar", "tee", "test", "touch", "tr", "true", "uname", "uniq", "useradd",
        "xargs",
    ]

    private func run(_ candidate: TrialStep, in sandbox: Sandbox) async -> (result: CommandResult, output: String) {
        let step = candidate.step
        let shell = candidate.family == .posix ? "/bin/sh" : "/bin/\(candidate.family.programs[0])"
        let output = Mutex("")
        var environment = candidate.environment.merging(step.environment) { _, own in own }
        environment["PATH"] = "/stubs:/usr/bin:/usr/sbin"
        environment["CISO_LOGIN"] = "1000"
        let command = Command(
            name: step.name, .script(step.script, shell: [shell, "-eu"]),
            user: step.user == .root ? .root : .build, environment: environment,
            limits: Limits(time: .seconds(60), silence: .seconds(30), memory: 1 << 30, disk: 1 << 28, output: 1 << 20))
        let result = await sandbox.run(command) { bytes in
            output.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
        }
        return (result, output.withLock { $0 })
    }

    /// The contents of every changed path, without times.
    private static func contents(of directory: String) throws -> [String: String] {
        var found: [String: String] = [:]
        for case let path as String in FileManager.default.enumerator(atPath: directory) ?? .init() {
            let full = "\(directory)/\(path)"
            var status = stat()
            guard lstat(full, &status) == 0 else { continue }
            var text = "\(status.st_mode) \(status.st_uid)"
            switch status.st_mode & S_IFMT {
            case S_IFREG: text += " \(Digest(of: Array(try Data(contentsOf: URL(fileURLWithPath: full)))))"
            case S_IFLNK: text += " \(try FileManager.default.destinationOfSymbolicLink(atPath: full))"
            default: break
            }
            found[path] = text
        }
        return found
    }
}

/// Stubs for programs that change a system.
private enum Stubs {
    static let packages = "/var/lib/stubs"
    private static let manager = text(PackageResources.package_manager_sh)
    private static let query = text(PackageResources.package_query_sh)
    private static let addUser = text(PackageResources.add_user_sh)
    private static let addGroup = text(PackageResources.add_group_sh)

    private static func text(_ script: [UInt8]) -> String { String(decoding: script, as: UTF8.self) }

    static let scripts: [String: String] = {
        var scripts = [
            "useradd": addUser, "adduser": addUser, "groupadd": addGroup, "addgroup": addGroup,
            "pkg_info": query, "pacman-conf": "mkdir -p /var/cache/stubs; echo /var/cache/stubs",
            "pkg": "case $1 in info) exec pkg_info \"$@\" ;; esac\n\(manager)",
            "brew": "case $1 in list) exec pkg_info \"$@\" ;; esac\n\(manager)",
        ]
        for name in ["apk", "apt-get", "dnf", "emerge", "pacman", "pkg_add", "pkgin", "xbps-install", "zypper"] {
            scripts[name] = manager
        }
        return scripts
    }()
}
