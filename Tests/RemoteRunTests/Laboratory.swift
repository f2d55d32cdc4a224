import Foundation
import Glibc

/// A folder with a repository of tiny packages, a matrix, a store and the program `ci`, removed with it.
final class Laboratory: Sendable {
    let path = "/tmp/ciso-lab-\(UInt32.random(in: .min ... .max))"

    /// - Parameters:
    ///   - packages: opam files by package, beside those of the compiler.
    ///   - repository: an opam repository to use instead.
    init(
        _ packages: [String: String] = [:], only: String = "all", targets: [String], rest: String = "",
        repository: String = "repo", compiler: String = "5.3.0"
    ) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let keys = Process()
        keys.executableURL = URL(fileURLWithPath: "/usr/bin/ssh-keygen")
        keys.arguments = ["-q", "-t", "ed25519", "-N", "", "-f", "\(path)/key"]
        try keys.run()
        keys.waitUntilExit()
        for (name, opam) in Self.compiler.merging(packages, uniquingKeysWith: { _, own in own }) {
            let folder = "\(path)/repo/packages/\(name.prefix { $0 != "." })/\(name)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try write("opam-version: \"2.0\"\n\(opam)\n", to: "\(folder)/opam")
        }
        try write("opam-version: \"2.0\"\n", to: "\(path)/repo/repo")
        try write(
            """
            deployment: lab
            repositories: [{path: \(repository)}]
            targets: [\(targets.joined(separator: ", "))]
            compilers: [\(compiler)]
            packages: [\(only)]
            \(rest)
            """, to: "\(path)/lab.yaml")
        try write("Host *\n  IdentityFile \(path)/key\n  IdentitiesOnly yes\n", to: "\(path)/ssh-config")
        try write("", to: "\(path)/known")
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// A compiler that is a script.
    private static let compiler = [
        "ocaml.5.3.0": #"depends: [ "ocaml-base-compiler" {= version} ]"#,
        "ocaml-base-compiler.5.3.0": #"""
        flags: compiler
        build: ["sh" "-c" "printf '#!/bin/sh\\necho I am in %{prefix}%\\n' > ocaml"]
        install: [ ["mkdir" "-p" bin "%{lib}%/ocaml"] ["cp" "ocaml" bin] ["chmod" "755" "%{bin}%/ocaml"] ["touch" "%{lib}%/ocaml/stdlib.cma"] ]
        """#,
    ]

    private func write(_ text: String, to file: String) throws {
        try text.write(toFile: file, atomically: true, encoding: .utf8)
    }

    /// Where the other tests keep root file systems and archives between runs.
    static var cache: String {
        let environment = ProcessInfo.processInfo.environment
        return environment["CISO_CACHE"] ?? "\(environment["HOME"] ?? "/tmp")/.cache/ciso"
    }

    /// A root file system of Debian 12 with its OCaml, where one was made.
    static var debian: String? {
        let folder = "\(cache)/worker/environments"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.map { "\(folder)/\($0)" }.first { root in
            access("\(root)/usr/bin/ocamlc", X_OK) == 0
                && (try? String(contentsOfFile: "\(root)/etc/debian_version", encoding: .utf8))?.hasPrefix("12") == true
        }
    }

    /// What `ci` printed, and its exit code.
    struct Ending {
        var status: Int32
        var output: String
        var talk: String

        /// By package name.
        var cells: [String: [String: String]] {
            guard let states = try? JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[String: Any]] else {
                return [:]
            }
            var cells: [String: [String: String]] = [:]
            for state in states {
                guard let cell = state["cell"] else { continue }
                let name = "\(cell)".split(separator: "/").last.map { String($0.prefix { $0 != "." }) } ?? ""
                cells[name] = state.compactMapValues { $0 as? String }
            }
            return cells
        }
    }

    /// `ci` with the settings for hosts, running.
    func start(_ words: [String], hosts: String = "", patience: Int = 20) throws -> Process {
        let process = Process()
        process.executableURL = try Self.program()
        process.arguments = words
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        process.environment = [
            "CISO_CACHE": "\(path)/cache", "CISO_SOURCE_CACHE": "\(Self.cache)/sources", "CISO_STORE": "store",
            "CISO_HOSTS": hosts,
            "CISO_KNOWN_HOSTS": "\(path)/known", "CISO_SSH_CONFIG": "\(path)/ssh-config",
            "CISO_SSH_PATIENCE": "\(patience)",
            "CISO_HOST_PATIENCE": "10", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": path,
        ]
        for (number, file) in ["output", "talk"].enumerated() {
            let place = "\(path)/\(file)"
            _ = FileManager.default.createFile(atPath: place, contents: nil)
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: place))
            if number == 0 { process.standardOutput = handle } else { process.standardError = handle }
        }
        try process.run()
        return process
    }

    /// Waits without keeping a thread from other tests.
    func wait(for process: Process) async throws -> Ending {
        while process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
        return Ending(
            status: process.terminationStatus, output: try String(contentsOfFile: "\(path)/output", encoding: .utf8),
            talk: try String(contentsOfFile: "\(path)/talk", encoding: .utf8))
    }

    func run(_ words: String..., hosts: String = "") async throws -> Ending {
        try await wait(for: start(words, hosts: hosts))
    }

    /// `ci` lies where the tests were built.
    private static func program() throws -> URL {
        var folders = CommandLine.arguments.map { URL(filePath: $0).deletingLastPathComponent() }
        folders.append(Bundle.main.bundleURL)
        for var folder in folders {
            while folder.path != "/" {
                let program = folder.appending(path: "ci")
                if FileManager.default.isExecutableFile(atPath: program.path) { return program }
                folder.deleteLastPathComponent()
            }
        }
        throw CocoaError(.fileNoSuchFile)
    }
}
