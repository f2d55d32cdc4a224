internal import Core
internal import Executor
internal import Foundation
package import PluginHost
internal import PluginMessages
internal import Synchronization

/// Runs the steps of a plugin that say that they are idempotent, each twice in a sandbox: the second run must succeed and
/// change nothing, and the step's own question, where it has one, must say that it is not needed any more.
///
/// The sandbox has this machine's programs, and scripts in the place of those that would change a system: a package
/// manager notes names in a directory, `useradd` adds a line and fails where there is one. A step that does not succeed
/// the first time needs more of its system than that, and is counted as not tried.
package struct IdempotenceTrial {
    private let folder: ScratchDirectory

    /// Tries the steps of a report.
    ///
    /// - Parameter directory: for the sandboxes; on a file system other than an overlay.
    package static func check(_ report: ConformanceReport, in directory: String) async -> ConformanceReport.Check {
        let name = "idempotence"
        do {
            let trial = try IdempotenceTrial(in: directory)
            var (problems, tried, untried) = ([String](), 0, [String]())
            for repeatable in report.repeatable {
                switch try await trial.run(repeatable) {
                case .same: tried += 1
                case .different(let problem):
                    tried += 1
                    problems.append("step '\(repeatable.step.name)': \(problem)")
                case .untried(let reason): untried.append("\(repeatable.step.name): \(reason)")
                }
            }
            let left = untried.isEmpty ? "" : "; not \(untried.joined(separator: ", "))"
            if tried == 0, !untried.isEmpty { return .init(name, skipped: "nothing could be run\(left)") }
            return .init(name, problems: problems, tried: "\(tried) steps run twice\(left)")
        } catch {
            return .init(name, skipped: "no sandbox: \(error)")
        }
    }

    private enum Verdict {
        case same
        case different(String)
        case untried(String)
    }

    private init(in directory: String) throws {
        folder = try ScratchDirectory(in: directory)
        let manager = FileManager.default
        let base = "\(folder.path)/base"
        for name in ["etc", "home", "opt", "proc", "dev", "tmp", "usr", "var/cache", "var/lib", "root", "stand-ins"] {
            try manager.createDirectory(atPath: "\(base)/\(name)", withIntermediateDirectories: true)
        }
        try manager.createDirectory(atPath: "\(base)\(StandIns.packages)", withIntermediateDirectories: true)
        chmod("\(base)\(StandIns.packages)", 0o777)
        for name in ["bin", "sbin", "lib", "lib64"] {
            try manager.createSymbolicLink(atPath: "\(base)/\(name)", withDestinationPath: "usr/\(name)")
        }
        let files = [
            "etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/group": "root:x:0:\n",
            "etc/os-release": "ID=trial\nVERSION_ID=1\n",
        ]
        for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(base)/\(name)")) }
        for (name, text) in StandIns.scripts {
            let path = "\(base)/stand-ins/\(name)"
            try Data("#!/bin/sh\n\(text)\n".utf8).write(to: URL(fileURLWithPath: path))
            chmod(path, 0o755)
        }
    }

    private func run(_ repeatable: RepeatableStep) async throws -> Verdict {
        let sandbox = try Sandbox(
            Sandbox.Layout(base: "\(folder.path)/base", binds: [.init("/usr", at: "/usr")]), in: folder.path)
        let first = await run(repeatable, in: sandbox)
        guard first.result.succeeded else {
            if case .setupFailed(let reason) = first.result.ending { throw Failure(.infrastructure, reason) }
            return .untried(first.output.split(separator: "\n").last.map(String.init) ?? "\(first.result.ending)")
        }
        let before = try Self.contents(of: sandbox.changes)
        let second = await run(repeatable, in: sandbox)
        guard second.result.succeeded else {
            let said = second.output.split(separator: "\n").last.map { ": \($0)" } ?? ""
            return .different("the second run ends with \(second.result.ending)\(said)")
        }
        let after = try Self.contents(of: sandbox.changes)
        let changed = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.min()
        if let changed { return .different("the second run changes /\(changed)") }
        guard let question = repeatable.step.unless else { return .same }
        var asked = repeatable
        asked.step.script = question
        asked.step.user = .build
        let answer = await run(asked, in: sandbox).result
        return answer.succeeded
            ? .same : .different("'unless' says that it is needed although it was run: \(answer.ending)")
    }

    private func run(_ repeatable: RepeatableStep, in sandbox: Sandbox) async -> (result: CommandResult, output: String)
    {
        let step = repeatable.step
        let shell = repeatable.family == .posix ? "/bin/sh" : "/bin/\(repeatable.family.programs[0])"
        let said = Mutex("")
        var environment = repeatable.environment.merging(step.environment) { _, own in own }
        environment["PATH"] = "/stand-ins:/usr/bin:/usr/sbin"
        environment["CISO_LOGIN"] = "1000"
        let command = Command(
            name: step.name, .script(step.script, shell: [shell, "-eu"]),
            user: step.user == .root ? .root : .build, environment: environment,
            limits: Limits(time: .seconds(60), silence: .seconds(30), memory: 1 << 30, disk: 1 << 28, output: 1 << 20))
        let result = await sandbox.run(command) { bytes in
            said.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
        }
        return (result, said.withLock { $0 })
    }

    /// What every changed path is, without times.
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

/// What stands in the place of programs that change a system.
private enum StandIns {
    static let packages = "/var/lib/stand-ins"
    /// Package managers keep names in a directory; words that are verbs or options are none.
    private static let manager = """
        for word do
            case $word in
            -*|*=*|install|add|update|upgrade|clean|packages|all) ;;
            *) [ -e "\(packages)/$word" ] || : > "\(packages)/$word" ;;
            esac
        done
        """
    private static let query = """
        for word do :; done
        word=${word%-\\*}
        for file in "\(packages)/$word"*; do [ ! -e "$file" ] || exit 0; done
        exit 1
        """
    /// The options of shadow's and of busybox's programs.
    private static let addUser = """
        user= number=1000 home=/nonexistent makes=no
        case ${0##*/} in adduser) makes=yes ;; esac
        while [ $# -gt 0 ]; do
            case $1 in
            -u) number=$2; shift ;;
            -d|-h) home=$2; shift ;;
            -g|-G|-s) shift ;;
            -m) makes=yes ;;
            -*) ;;
            *) user=$1 ;;
            esac
            shift
        done
        ! grep -q "^$user:" /etc/passwd || { echo "$user exists" >&2; exit 9; }
        echo "$user:x:$number:$number::$home:/bin/sh" >> /etc/passwd
        [ $makes = no ] || { mkdir -p "$home"; chown "$number:$number" "$home"; }
        """
    private static let addGroup = """
        for word do :; done
        ! grep -q "^$word:" /etc/group || { echo "$word exists" >&2; exit 9; }
        echo "$word:x:1000:" >> /etc/group
        """

    static let scripts: [String: String] = {
        var scripts = [
            "useradd": addUser, "adduser": addUser, "groupadd": addGroup, "addgroup": addGroup,
            "pkg_info": query, "pacman-conf": "mkdir -p /var/cache/stand-ins; echo /var/cache/stand-ins",
            "pkg": "case $1 in info) exec pkg_info \"$@\" ;; esac\n\(manager)",
            "brew": "case $1 in list) exec pkg_info \"$@\" ;; esac\n\(manager)",
        ]
        for name in ["apk", "apt-get", "dnf", "emerge", "pacman", "pkg_add", "pkgin", "xbps-install", "zypper"] {
            scripts[name] = manager
        }
        return scripts
    }()
}
