import Core
import Foundation
import Glibc
import TestSupport
import Testing

/// `ci image make` with QEMU: Linux imitates the installers on the serial console, boots from the same media, fetches
/// the same files, and writes the disk.
@Suite(.serialized, .enabled(if: StandIn.isPossible, "\(StandIn.requirements)"))
struct ImageMakeTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Whether KVM works is found out once.
    private static let cache = try? TemporaryDirectory()

    private func ci(_ words: [String]) throws -> RunningProgram { try start(["image", "make"] + words) }

    private func start(_ words: [String]) throws -> RunningProgram {
        var environment = ProcessInfo.processInfo.environment
        environment["CISO_CACHE"] = try #require(Self.cache).path
        environment["CISO_STORE"] = "\(directory.path)/store"
        return try Program(
            [try BuiltProgram.path(of: "ci")] + words, in: directory.path, environment: environment
        ).start()
    }

    /// What was printed is a target of a matrix.
    private func plan(_ target: String) async throws {
        for (path, rest) in [
            ("repo", ""), ("packages/x/x.1/opam", ""),
            ("packages/ocaml/ocaml.5.3.0/opam", "depends: \"ocaml-base-compiler\" {= version}"),
            ("packages/ocaml-base-compiler/ocaml-base-compiler.5.3.0/opam", "flags: compiler"),
        ] {
            try directory.write("opam-version: \"2.0\"\n\(rest)\n", to: "repo/\(path)")
        }
        try directory.write(
            """
            deployment: d
            repositories: [{path: repo}]
            targets:
            \(target)
            compilers: [5.3.0]
            packages: [x]

            """, to: "matrix.yaml")
        let planned = try await start(["plan", "matrix.yaml"]).end()
        #expect(planned.status == 0, "\(planned.messages)")
        let rows = planned.output.split(whereSeparator: \.isNewline).map { $0.split(separator: " ") }
        #expect(rows.contains { $0.starts(with: ["openbsd-7.7", "5.3.0", "1"]) }, "\(planned.output)")
    }

    private func checksum(_ name: String) throws -> String {
        "sha256=\(try Digest(ofFile: "\(directory.path)/\(name)"))"
    }

    /// The archive that the stub has left on the image's disk.
    private func unpack(_ image: String) throws {
        try directory.shell(
            "qemu-img dd -f qcow2 -O raw bs=1M skip=101 count=104 if=$1 of=kept.tar; tar -xf kept.tar 2>/dev/null || [ -d etc ]",
            image)
    }

    private func text(_ path: String) throws -> String {
        try String(contentsOfFile: "\(directory.path)/\(path)", encoding: .utf8)
    }

    /// No files remain except the named ones.
    private func expectNothingLeft(but names: String...) throws {
        let left = Set(try FileManager.default.contentsOfDirectory(atPath: directory.path))
        #expect(left == Set(names))
    }

    @Test func installsOpenBSDAndMakesAKey() async throws {
        try StandIn.make("openbsd", at: "\(directory.path)/install77.img")
        let run = try ci([
            "openbsd-7.7", "--installer", "install77.img", "--checksum", checksum("install77.img"), "--verbose",
        ])
        let ending = try await run.end()
        try #require(ending.status == 0, "\(ending.messages) \((try? text("openbsd-7.7.qcow2.log")) ?? "")")
        try expectNothingLeft(
            but: "install77.img", "openbsd-7.7.qcow2", "openbsd-7.7.qcow2.key", "openbsd-7.7.qcow2.key.pub")
        let image = "\(directory.path)/openbsd-7.7.qcow2"
        #expect(
            ending.output == """
                - name: openbsd-7.7
                  run: vm
                  image: "\(image)"
                  checksum: sha256=\(try Digest(ofFile: image))
                  machine: {seed: none, login: ciso, key: "\(image).key"}

                """)
        #expect(ending.messages.contains("prepare: step 2 of 4: waiting for 'assword:'"))
        try await plan(ending.output)
        try directory.shell("qemu-img check -q openbsd-7.7.qcow2; rm -f openbsd-7.7.qcow2.log")
        try unpack("openbsd-7.7.qcow2")
        let key = try text("openbsd-7.7.qcow2.key.pub").split(separator: " ")[1]
        #expect(try text("home/ciso/.ssh/authorized_keys") == "ssh-ed25519 \(key)\n")
        #expect(try text("etc/doas.conf") == "permit nopass ciso\n")
        #expect(try text("etc/usermod") == "-L staff ciso\n-p ************* root\n")
        #expect(try directory.shell("ls -A etc/ssh") == "")
        let mode = try FileManager.default.attributesOfItem(atPath: "\(image).key")[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func preparesFreeBSDByASeedAndTrustsTheGivenKey() async throws {
        try StandIn.make("freebsd", at: "\(directory.path)/FreeBSD-14.3-RELEASE-amd64-BASIC-CLOUDINIT-ufs.raw")
        try directory.shell(
            """
            ssh-keygen -q -t rsa -b 4096 -N '' -C "it's me" -f id
            xz -0 FreeBSD*.raw
            printf 'SHA256 (%s) = %s\\n' FreeBSD*.xz "$(sha256sum FreeBSD*.xz | cut -d' ' -f1)" >CHECKSUM.SHA256
            """)
        let run = try ci([
            "freebsd-14.3", "--installer", "FreeBSD-14.3-RELEASE-amd64-BASIC-CLOUDINIT-ufs.raw.xz", "--output",
            "f.qcow2",
            "--key", "id.pub",
        ])
        let ending = try await run.end()
        try #require(ending.status == 0, "\(ending.messages) \((try? text("f.qcow2.log")) ?? "")")
        #expect(ending.output.contains("key: \"\(directory.path)/id\""))
        #expect(ending.messages.contains("which is not signed"))
        try unpack("f.qcow2")
        let key = try text("id.pub").split(separator: " ")[1]
        #expect(try text("home/ciso/.ssh/authorized_keys") == "ssh-rsa \(key)\n")
        #expect(try text("usr/local/etc/sudoers.d/ciso") == "ciso ALL=(ALL) NOPASSWD: ALL\n")
        #expect(try text("etc/pw") == "useradd ciso -m -s /bin/sh\nusermod root -h -\n")
        #expect(try text("etc/ssh/sshd_config") == "#Port 22\nUsePAM no\n")
        #expect(try directory.shell("qemu-img info f.qcow2").contains("24 GiB"))
    }

    @Test func aQuestionWithoutAnAnswerIsReported() async throws {
        try StandIn.make("openbsd", mode: "question", at: "\(directory.path)/install77.iso")
        let run = try ci(["openbsd-7.7", "--installer", "install77.iso", "--checksum", checksum("install77.iso")])
        let ending = try await run.end()
        #expect(ending.status == 3)
        #expect(ending.messages.contains("the console shows 'Question has no answer in response file'"), "\(ending)")
        #expect(ending.messages.contains("openbsd-7.7.qcow2.log") && !ending.output.contains("checksum"))
        #expect(try text("openbsd-7.7.qcow2.log").contains("How many moons has the machine?"))
        try expectNothingLeft(but: "install77.iso", "openbsd-7.7.qcow2.log")
    }

    @Test(.enabled(if: geteuid() == 0, "mounting needs root"))
    func aFullDiskIsReported() async throws {
        try StandIn.make("openbsd", mode: "full", at: "\(directory.path)/install77.img")
        try directory.shell("mkdir small; mount -t tmpfs -o size=32M small small")
        defer { _ = try? directory.shell("umount -l small; rmdir small") }
        let run = try ci([
            "openbsd-7.7", "--installer", "install77.img", "--checksum", checksum("install77.img"), "--output",
            "small/o.qcow2",
        ])
        let ending = try await run.end()
        #expect(ending.status == 3)
        #expect(ending.messages.contains("the disk of this machine is full"), "\(ending.messages)")
        #expect(try directory.shell("ls -A small | grep -v log || true") == "")
    }

    /// A machine that boots nothing: the first prompt never comes.
    private func startSilentInstallation(_ words: String...) throws -> RunningProgram {
        try Data(count: 1 << 20).write(to: URL(filePath: "\(directory.path)/install77.img"))
        return try ci(
            ["openbsd-7.7", "--installer", "install77.img", "--checksum", checksum("install77.img")] + words)
    }

    @Test func aMissingPromptIsReported() async throws {
        let ending = try await startSilentInstallation("--step-timeout", "3").end()
        #expect(ending.status == 3)
        #expect(ending.messages.contains("boot 'install', step 1 of 7: waited 3 s for 'boot>'"), "\(ending.messages)")
        #expect(ending.messages.contains("No bootable device"))
        try expectNothingLeft(but: "install77.img", "openbsd-7.7.qcow2.log")
    }

    private func machine(of run: RunningProgram) async throws -> pid_t {
        var found: pid_t?
        try await run.wait(until: "QEMU") {
            found = ProcessTable.descendants(of: run.identifier).first {
                ProcessTable.words(of: $0).contains { $0.contains("/disk.qcow2") }
            }
            return found != nil
        }
        return try #require(found)
    }

    @Test func anInterruptionLeavesNothing() async throws {
        let run = try startSilentInstallation()
        let machine = try await machine(of: run)
        run.kill(SIGINT)
        #expect(try await run.end().status == 130)
        try await waitUntil("QEMU has ended") { kill(machine, 0) != 0 }
        try expectNothingLeft(but: "install77.img")
    }

    @Test func whatAKilledOneLeavesTheNextRemoves() async throws {
        let run = try startSilentInstallation()
        let machine = try await machine(of: run)
        run.kill(SIGKILL)
        _ = try await run.end()
        try await waitUntil("QEMU has ended") { kill(machine, 0) != 0 }
        _ = try await startSilentInstallation("--step-timeout", "1").end()
        try expectNothingLeft(but: "install77.img", "openbsd-7.7.qcow2.log")
    }

    @Test(arguments: [
        (["openbsd-7.7", "--installer", "cd77.iso"], "is not an installer with OpenBSD's sets"),
        (["netbsd-10.1", "--installer", "install77.img"], "NetBSD-10.1-amd64.iso"),
        (["freebsd-14.3", "--installer", "FreeBSD-14.3-RELEASE-amd64-disc1.iso"], "BASIC-CLOUDINIT"),
        (["debian-12", "--installer", "debian.iso"], "cannot make images of machines"),
        (["openbsd-7.7", "--installer", "install77.img"], "'SHA256.sig'"),
        (["openbsd-7.7", "--installer", "missing.img"], "missing.img': there is no such file"),
        (["openbsd-7.7", "--installer", "install77.img", "--checksum", "sha256=1"], "is not a checksum"),
        (["openbsd-7.7", "--installer", "install77.img", "--key", "id"], "give 'id.pub'"),
        (["openbsd-7.7", "--installer", "install77.img", "--output", "taken"], "the file exists"),
        (["openbsd-7.7", "--installer", "install77.img", "--output", "none/x"], "none"),
    ])
    func wrongInputIsRefusedAtOnce(words: [String], expected: String) async throws {
        try directory.shell("touch taken cd77.iso install77.img debian.iso FreeBSD-14.3-RELEASE-amd64-disc1.iso")
        try directory.shell("ssh-keygen -q -t ed25519 -N '' -f id")
        let before = Set(try FileManager.default.contentsOfDirectory(atPath: directory.path))
        let ending = try await ci(words).end()
        #expect(ending.status == 2 && ending.messages.contains(expected), "\(ending.messages)")
        #expect(Set(try FileManager.default.contentsOfDirectory(atPath: directory.path)) == before)
    }
}

/// A bootable CD, or disk, with Linux as a stub of an installer.
private enum StandIn {
    private static let programs = ["qemu-system-x86_64", "qemu-img", "busybox", "genisoimage", "isohybrid", "modprobe"]

    private static let bootFiles = [
        "/usr/lib/ISOLINUX/isolinux.bin", "/usr/lib/syslinux/modules/bios/ldlinux.c32",
    ]

    /// The newest of Debian's kernels for virtual machines.
    private static var kernel: String? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/boot")) ?? []
        return names.filter { $0.hasPrefix("vmlinuz-") && $0.hasSuffix("-cloud-amd64") }.sorted().last
            .map { String($0.dropFirst("vmlinuz-".count)) }
    }

    static var isPossible: Bool {
        kernel != nil && bootFiles.allSatisfy { access($0, R_OK) == 0 }
            && programs.allSatisfy { Program.areInstalled($0) }
    }

    static let requirements =
        "needs Debian's qemu-system-x86, qemu-utils, linux-image-cloud-amd64, busybox-static, genisoimage, isolinux, syslinux-common, syslinux-utils, kmod"

    static func make(_ name: String, mode: String = "nothing", at path: String) throws {
        let guest = "\(PackageDirectory.path)/Tests/MachineImagesTests/Guest"
        let script = "\(path).script"
        try "mode=\(mode)\n\(String(contentsOfFile: "\(guest)/\(name)", encoding: .utf8))"
            .write(toFile: script, atomically: true, encoding: .utf8)
        try Program(
            ["\(guest)/make-installer", kernel ?? "", script, path],
            environment: ProcessInfo.processInfo.environment.merging([
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
            ]) { $1 }
        ).output()
        try FileManager.default.removeItem(atPath: script)
    }
}
