import Foundation
import Glibc
import TestSupport
import Testing

/// `ci run` with targets that are other machines: real sshds in network namespaces, whose shells are not bash.
@Suite(.enabled(if: SSHMachine.isPossible, "needs root, sshd, the OpenSSH client, ip and cc"))
struct RemoteRunTests {
    private static func build(_ script: String) -> String { #"build: ["sh" "-c" "\#(script)"]"# }

    /// A package for each way in which a job can end.
    ///
    /// - Parameter mark: digits that distinguish the processes of this test from those of others.
    private static func packages(_ mark: Int) -> [String: String] {
        [
            "good.1":
                #"""
            depends: "ocaml"
            build: [
              ["sh" "-c" "echo 'int main(void){return 0;}' > a.c && cc -o good a.c && ./good"]
              ["sh" "-c" "echo 'bin: [\"good\"] doc: [\"a.c\"]' > good.install; echo 'share: \"x\"' > good.config.in"]
              ["sh" "-c" "ocaml; echo prefix=%{prefix}%; ls -ld ."]
            ]
            """#,
            "user.1":
                #"""
            depends: ["good" "ocaml"]
            build: [["good"] ["sh" "-c" "test -f %{good:doc}%/a.c && rm %{good:doc}%/a.c && echo $PATH"]]
            install: ["sh" "-c" "mkdir -p %{lib}%/user && echo %{good:version}% > %{lib}%/user/META"]
            """#,
            "above.1": #"""
            depends: ["user"]
            build: ["sh" "-c" "test ! -e %{good:doc}%/a.c && test -f %{lib}%/user/META"]
            """#,
            // It changes a file of a package that it depends on, which is forbidden.
            "spoils.1": #"""
            depends: ["good" "ocaml"]
            install: ["sh" "-c" "echo >> %{good:doc}%/a.c"]
            """#,
            "strays.1": build("echo > ~/stray"),
            "fails.1": build("echo 'Error: Unbound module Foo'; exit 2"),
            "blocked.1": "depends: \"fails\"",
            "slow.1": build("while :; do echo x; sleep 1; done"),
            "silent.1": build("echo a; sleep 3\(mark)1"),
            "tested.1": #"""
            build: ["sh" "-c" "echo built > built"]
            run-test: ["sh" "-c" "cat built && echo '3 tests failed' && exit 1"]
            """#,
            "tool.1": "depexts: [\"hello\"]\nbuild: [\"hello-tool\"]",
            "missing.1": "depexts: [\"missing-thing\"]",
            "daemon.1": build("(setsid sleep 3\(mark)2 > /dev/null 2>&1 &); exit 0"),
        ]
    }

    private func eventually(_ condition: () throws -> Bool) async throws -> Bool {
        for _ in 0..<600 {
            if try condition() { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    private func isRunning(_ seconds: String) -> Bool { !ProcessTable.running("sleep", seconds).isEmpty }

    /// Every outcome on a host, on two hosts at a time; a second run executes nothing; no files remain on the hosts.
    @Test(arguments: [SSHMachine.Flavour.openbsd, .freebsd]) func everyOutcome(flavour: SSHMachine.Flavour) async throws
    {
        let mark = Int.random(in: 1000..<9999)
        let fixture = try RemoteRunFixture(
            Self.packages(mark), targets: [flavour.target],
            rest: """
                with-test: [tested]
                limits: {packages: {slow: {time: 3s}, silent: {silence: 2s}}}
                allow-overwrites: {user: doc/good/*}
                """)
        let machines = try ["a", "b"].map { try SSHMachine(flavour, in: fixture.path, role: $0) }
        let hosts = "*bsd-*=" + machines.map { "ssh://\($0.login)" }.joined(separator: ",")
        let ending = try await fixture.run("run", "lab.yaml", "--format", "json", hosts: hosts)
        #expect(ending.status == 1, "\(ending.messages)")
        let cells = ending.cells
        func expect(
            _ name: String, _ state: String, _ phase: String? = nil, _ signature: String? = nil,
            _ location: SourceLocation = #_sourceLocation
        ) {
            #expect(cells[name]?["state"] == state, "\(name): \(cells[name] ?? [:])", sourceLocation: location)
            #expect(cells[name]?["phase"] == phase, "\(name): \(cells[name] ?? [:])", sourceLocation: location)
            if let signature {
                #expect(cells[name]?["signature"] == signature, "\(name)", sourceLocation: location)
            }
        }
        for name in ["ocaml", "good", "user", "above", "tool", "daemon", "strays"] { expect(name, "success") }
        expect("fails", "failure", "build", "Error: Unbound module Foo")
        expect("blocked", "blocked")
        expect("spoils", "failure", "install")
        #expect(cells["spoils"]?["reason"]?.contains("doc/good/a.c of good.1 (changed)") == true)
        expect("slow", "failure", "build", "time limit exceeded")
        expect("silent", "failure", "build", "no output for too long")
        expect("tested", "failure", "test")
        expect("missing", "failure", "depext", "no system package missing-thing")
        #expect(cells["good"]?["machine"]?.contains("Linux \(flavour.version) ") == true, "\(cells["good"] ?? [:])")
        let used = Set(cells.values.compactMap { $0["machine"]?.prefix { $0 != ":" } })
        #expect(used.count == 2, "both hosts are used: \(used)")

        let tool = try git("show", "results/lab/\(flavour.target):5.3.0/tool/1.json", at: "\(fixture.path)/store")
        let version = flavour.target.hasPrefix("openbsd") ? "hello 2.12p0-static" : "hello 2.12,1"
        #expect(tool.contains("\"\(version)\""), "the versions of system packages are recorded: \(tool)")

        let log = try await fixture.run("log", "\(flavour.target)/5.3.0/good.1").output
        #expect(log.contains("I am in \(flavour.directory)/opam/default"), "\(log)")
        #expect(log.contains("=== on \(machines[0].login.prefix(5))"))
        let strays = try await fixture.run("log", "\(flavour.target)/5.3.0/strays.1").output
        let warning = strays.split(separator: "\n").first { $0.hasPrefix("=== warning: ") }
        #expect(warning?.hasSuffix("/home/stray") == true, "\(strays)")
        for machine in machines { #expect(try machine.leftovers() == "") }
        #expect(!isRunning("3\(mark)1") && !isRunning("3\(mark)2"))
        let layers = try machines.map { try $0.sh("ls \(flavour.directory)/build/layers | grep -c tar$ || true") }
        #expect(layers.contains { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0 > 0 }, "\(layers)")

        let again = try await fixture.run("run", "lab.yaml", "--format", "json", hosts: hosts)
        #expect(again.messages.contains("0 jobs to run"), "\(again.messages)")
        #expect(again.cells == cells)
    }

    /// Real packages with a real compiler, on a login with a separate Debian.
    @Test(
        .enabled(
            if: LongForm.isWanted && RemoteRunFixture.debian != nil,
            "set CISO_TEST_FULL=1, after WorkerTests have made a root file system of Debian 12"))
    func realPackages() async throws {
        let root = try #require(RemoteRunFixture.debian)
        let quickstart = "\(PackageDirectory.path)/Matrices/quickstart"
        let fixture = try RemoteRunFixture(
            only: "astring, cmdliner, fmt, re, react, uutf, xmlm",
            targets: [#"{name: openbsd-7.7, options: {system-ocaml: "4.13.1"}}"#], repository: quickstart,
            compiler: #"{system: "4.13.1"}"#)
        let machine = try SSHMachine(.openbsd, in: fixture.path, megabytes: 3000, root: root)
        let ending = try await fixture.run(
            "run", "lab.yaml", "--format", "json", hosts: "openbsd-*=ssh://\(machine.login)")
        #expect(ending.status == 0, "\(ending.output)\n\(ending.messages)")
        #expect(ending.cells.count == 7)
        #expect(ending.cells.values.allSatisfy { $0["state"] == "success" }, "\(ending.cells)")
        #expect(try machine.leftovers() == "")
    }

    /// The first host becomes unreachable during a build, by a crash or by silence: the second one builds it.
    @Test(arguments: ["crash", "silence"]) func aLostHostIsReplaced(by loss: String) async throws {
        let fixture = try RemoteRunFixture(
            [
                "long.1": Self.build(
                    "cd /var/tmp; [ `cat role` = b ] || [ -e begun ] || { : > begun; sleep 31993; }")
            ],
            only: "long", targets: ["openbsd-7.7"])
        let a = try SSHMachine(.openbsd, in: fixture.path, role: "a")
        let b = try SSHMachine(.openbsd, in: fixture.path, role: "b")
        let process = try fixture.start(
            ["run", "lab.yaml", "--format", "json"], hosts: "openbsd-*=ssh://\(a.login),ssh://\(b.login)",
            timeout: 6)
        #expect(try await eventually { try a.hasBegun || !process.isRunning })
        if loss == "crash" { a.dropConnections() } else { try a.cutLink() }
        let ending = try await process.end()
        #expect(ending.status == 0, "\(ending.messages)")
        #expect(ending.cells["long"]?["state"] == "success")
        #expect(ending.cells["long"]?["machine"]?.hasPrefix(b.login) == true, "\(ending.cells)")
        #expect(ending.messages.contains("will run long.1 again"), "\(ending.messages)")
        #expect(try await eventually { try a.leftovers() == "" })
        #expect(try await eventually { !isRunning("31993") })
    }

    /// A runner that is killed leaves nothing on the host, and the next run continues.
    @Test func aKilledRunnerLeavesNothing() async throws {
        let fixture = try RemoteRunFixture(
            [
                "first.1": Self.build("exit 0"),
                "long.1": "depends: \"first\"\n"
                    + Self.build("[ -e /var/tmp/begun ] || { : > /var/tmp/begun; sleep 31994; }"),
            ], only: "long", targets: ["freebsd-14.2"])
        let machine = try SSHMachine(.freebsd, in: fixture.path)
        let hosts = "freebsd-14.2=ssh://\(machine.login)"
        let process = try fixture.start(["run", "lab.yaml"], hosts: hosts)
        #expect(try await eventually { try machine.hasBegun || !process.isRunning })
        let cell = "freebsd-14.2/5.3.0/long.1"
        // Workers publish a job's step at most once a second.
        let line = "    \(cell)  build  on \(machine.login)\n"
        try await waitUntil("the status has the step") {
            try await fixture.run("status").output.contains(line) || !process.isRunning
        }
        let status = try await fixture.run("status", "--format", "json").output
        let deployments = try JSONSerialization.jsonObject(with: Data(status.utf8)) as? [[String: Any]]
        let running = deployments?.first?["running"] as? [[String: Any]]
        #expect(running?.map { $0["host"] as? String } == [machine.login], "\(status)")
        process.kill(SIGKILL)
        _ = try await process.end()
        #expect(try await fixture.run("status").output.contains("  running: ") == false, "its jobs went with it")
        #expect(try await eventually { !isRunning("31994") })
        #expect(try await eventually { try machine.leftovers() == "" })
        let ending = try await fixture.run("run", "lab.yaml", "--format", "json", hosts: hosts)
        #expect(ending.status == 0, "\(ending.messages)")
        #expect(ending.messages.contains("1 job to run"), "\(ending.messages)")
    }

    /// A problem of a host is reported with a remedy, and does not affect the results of other targets.
    @Test func hostsThatCannotBeUsedAreNamed() async throws {
        let fixture = try RemoteRunFixture(
            ["tool.1": "depexts: [\"hello\"]\nbuild: [\"hello-tool\"]"], only: "tool",
            targets: ["openbsd-7.7", "freebsd-14.2"])
        let good = try SSHMachine(.freebsd, in: fixture.path)
        let known = try String(contentsOfFile: "\(fixture.path)/known", encoding: .utf8)
        let other = try SSHMachine(.openbsd, in: fixture.path)
        try known.write(toFile: "\(fixture.path)/known", atomically: true, encoding: .utf8)
        let hosts = "openbsd-*=ssh://\(other.login) freebsd-*=ssh://\(good.login)"
        let ending = try await fixture.run("run", "lab.yaml", "--format", "csv", hosts: hosts)
        #expect(ending.status == 3, "\(ending.messages)")
        #expect(ending.output.contains("freebsd-14.2/5.3.0/tool.1,success"), "\(ending.output)")
        #expect(ending.output.contains("openbsd-7.7/5.3.0/tool.1,infrastructure"), "\(ending.output)")
        #expect(ending.output.contains("the host's key is not known"), "\(ending.output)")
        #expect(ending.output.contains("ssh-keyscan"), "\(ending.output)")

        let doctor = try await fixture.run("doctor", hosts: hosts)
        #expect(doctor.output.contains("ok       host: ssh://\(good.login): Linux 1402000"), "\(doctor.output)")
        #expect(
            doctor.output.contains("absent   host: \(other.login): the host's key is not known"), "\(doctor.output)")

        let none = try await fixture.run("run", "lab.yaml", "--only", "openbsd-*/*/*", "--format", "csv")
        #expect(none.status == 3)
        #expect(none.output.contains("runs on a host reached by ssh, and none is known"), "\(none.output)")
        let wrong = try await fixture.run("run", "lab.yaml", hosts: "openbsd-*=obsd")
        #expect(wrong.status == 2)
        #expect(wrong.messages.contains("CISO_HOSTS"), "\(wrong.messages)")
    }

    /// If the login cannot become root, installed packages are used and missing ones are reported.
    @Test func withoutRootMissingPackagesAreNamed() async throws {
        let fixture = try RemoteRunFixture(
            [
                "tool.1": "depexts: [\"hello\"]\nbuild: [\"true\"]", "other.1": "depexts: [\"libfoo\"]",
            ], only: "tool, other", targets: ["openbsd-7.7"])
        let machine = try SSHMachine(.openbsd, in: fixture.path, elevates: false)
        let hosts = "openbsd-*=ssh://\(machine.login)"
        let unready = try await fixture.run("run", "lab.yaml", "--format", "csv", hosts: hosts)
        #expect(unready.status == 3)
        #expect(
            unready.output.contains("step 'make-directories' needs root: 'doas': doas: Operation not permitted"),
            "\(unready.output)")
        try machine.sh(
            """
            mkdir /home/ciso/build; chown 4321:4321 /home/ciso/build
            cd /var/tmp/db; touch bash bzip2 curl git gmake gpatch gtar rsync unzip xz hello
            """)
        let ending = try await fixture.run("run", "lab.yaml", "--format", "json", hosts: hosts)
        #expect(ending.status == 3, "\(ending.messages)")
        #expect(ending.cells["tool"]?["state"] == "success", "\(ending.cells)")
        #expect(ending.cells["other"]?["state"] == "infrastructure", "\(ending.cells)")
        #expect(ending.cells["other"]?["reason"]?.hasPrefix("no right to install libfoo") == true, "\(ending.cells)")
    }

    /// A full disk of a host is an infrastructure failure; a host in another state than the plugin describes is not
    /// used.
    @Test func fullAndOtherHostsAreNotThePackagesFault() async throws {
        let fixture = try RemoteRunFixture(
            ["big.1": Self.build("head -c 300000000 /dev/zero > f; sleep 1; cp f g")], only: "big",
            targets: ["openbsd-7.7"])
        let machine = try SSHMachine(.openbsd, in: fixture.path, megabytes: 400)
        let ending = try await fixture.run(
            "run", "lab.yaml", "--format", "json", hosts: "openbsd-*=ssh://\(machine.login)")
        #expect(ending.status == 3, "\(ending.messages)")
        let reason = ending.cells["big"]?["reason"] ?? ""
        #expect(reason.contains("no space left on the machine's disk"), "\(ending.cells)")
        #expect(try machine.leftovers() == "")

        var flavour = SSHMachine.Flavour.openbsd
        flavour.version = "7.6"
        let old = try SSHMachine(flavour, in: fixture.path)
        let refused = try await fixture.run(
            "run", "lab.yaml", "--format", "json", hosts: "openbsd-*=ssh://\(old.login)")
        #expect(refused.status == 3)
        #expect(
            refused.cells["big"]?["reason"]?.contains("the plugin says '7.7', the environment says '7.6'") == true,
            "\(refused.cells)")
    }
}
