import Foundation
import Glibc
import TestSupport

/// A directory with a repository of tiny packages, matrices whose target is a virtual machine, and stores. All of them
/// share a cache, so that the machine boots and is prepared once.
final class MachineFixture: Sendable {
    let directory: TemporaryDirectory
    let guest: TestGuest
    /// The SHA-256 of the guest's disk.
    let checksum: String

    private static let made = Result { try MachineFixture() }

    static var shared: MachineFixture {
        get throws { try made.get() }
    }

    private init() throws {
        directory = try TemporaryDirectory()
        guest = try TestGuest.shared
        checksum = String(try Program(["/usr/bin/sha256sum", guest.directory("disk.qcow2")]).output().prefix(64))
        for (name, opam) in Self.packages.merging(ScriptCompiler.packages, uniquingKeysWith: { own, _ in own }) {
            let path = "repo/packages/\(name.prefix { $0 != "." })/\(name)/opam"
            try directory.write("opam-version: \"2.0\"\n\(opam)\n", to: path)
        }
        try directory.write("opam-version: \"2.0\"\n", to: "repo/repo")
    }

    private static func build(_ script: String) -> String { #"build: ["sh" "-c" "\#(script)"]"# }

    private static let packages = [
        "good.1": #"""
        depends: "ocaml"
        build: ["sh" "-c" "ocaml; echo clock=`date +%s`"]
        install: ["sh" "-c" "mkdir -p %{lib}%/good && echo x > %{lib}%/good/META"]
        """#,
        "above.1": "depends: \"good\"\n" + build("test -f %{lib}%/good/META"),
        "fails.1": build("echo 'Error: Unbound module Foo'; exit 2"),
        "tool.1": "depexts: [[\"hello\"]]\nbuild: [\"hello-tool\"]",
        "missing.1": "depexts: [[\"missing-thing\"]]",
        "network.1": build("! fetch x"),
        "full.1": build("dd if=/dev/zero of=big bs=1M count=900; sleep 4; exit 1"),
        "large.1": build("head -c 20000000 /dev/urandom > f")
            + "\n" + #"install: ["sh" "-c" "mkdir -p %{lib}%/large && cp f %{lib}%/large"]"#,
        "reader.1": "depends: \"large\"\n" + build("test `wc -c < %{lib}%/large/f` -eq 20000000"),
        "second-reader.1": "depends: \"large\"\n" + build("test `wc -c < %{lib}%/large/f` -eq 20000000"),
        "compiled.1": build("echo 'int main(void) { return 0; }' > x.c; cc -o x x.c; ./x"),
        "slow.1": build("while :; do echo x; sleep 1; done"),
        "quick.1": build("exit 0"),
    ]

    var path: String { directory.path }

    /// Writes a matrix with packages, whose store is its own.
    ///
    /// - Parameters:
    ///   - mirror: the source of packages for the guest's package manager.
    ///   - words: further words of the kernel's command line.
    ///   - image: the guest's disk if nil.
    ///   - checksum: of the image; the right one if nil.
    ///   - initrd: the guest's initial RAM disk if nil.
    ///   - machine: further lines of the machine.
    func matrix(
        _ name: String, _ packages: String, target: String = "openbsd-7.7", mirror: String = "", words: String = "",
        image: String? = nil, checksum: String? = nil, initrd: String? = nil, memory: String = "256 MiB",
        bootTime: String = "10 min", machine: [String] = []
    ) throws {
        try directory.write(
            """
            deployment: \(name)
            repositories: [{path: repo}]
            targets:
              - name: \(target)
                run: vm
                image: \(image ?? guest.directory("disk.qcow2"))
                checksum: sha256=\(checksum ?? self.checksum)
                machine:
                  memory: \(memory)
                  kernel: \(guest.directory("vmlinuz"))
                  initrd: \(initrd ?? guest.directory("initrd"))
                  append: console=ttyS0 quiet mirror=\(mirror) \(words)
                  boot-time: \(bootTime)
            \(machine.map { "      \($0)\n" }.joined())
            compilers: [5.3.0]
            packages: [\(packages)]

            """, to: "\(name).yaml")
    }

    /// `ci`, running.
    func start(
        _ name: String, _ words: [String], environment variables: [String: String] = [:]
    ) throws -> RunningProgram {
        var environment = [
            "CISO_CACHE": "\(path)/cache", "CISO_STORE": "\(path)/\(name).store",
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": path,
        ]
        environment.merge(variables) { _, new in new }
        return try Program([BuiltProgram.path(of: "ci")] + words, in: path, environment: environment).start()
    }

    func run(_ name: String, _ words: String...) async throws -> Program.Ending {
        try await start(name, words).end()
    }

    /// The processes of QEMU whose disk is in the store of a matrix: those of jobs.
    func machines(of name: String) -> [pid_t] {
        ProcessTable.identifiers.filter { process in
            let words = ProcessTable.words(of: process)
            return words.first == "qemu-system-x86_64" && words.contains { $0.contains("\(path)/\(name).store/") }
        }
    }

    /// The files of jobs in the scratch directory of a matrix's store.
    func leftovers(of name: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(name).store/ciso/worker/scratch")) ?? []
    }
}
