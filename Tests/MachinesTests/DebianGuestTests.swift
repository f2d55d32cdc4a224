import Foundation
import Glibc
import TestSupport
import Testing

/// `ci run` with Debian in a virtual machine: UEFI firmware, a boot loader, cloud-init, systemd and sudo are real; the
/// package manager answers as FreeBSD's does.
@Suite(
    .enabled(
        if: TestGuest.isPossible && getuid() == 0 && Program.areInstalled("mmdebstrap")
            && access("/usr/share/ovmf/OVMF.fd", R_OK) == 0,
        "needs root, mmdebstrap, ovmf and \(TestGuest.programs)"),
    .enabled(if: LongForm.isWanted, "set CISO_TEST_FULL=1"))
struct DebianGuestTests {
    @Test func jobsOfFreeBSD() async throws {
        let fixture = try MachineFixture.shared
        let begin = Int(Date().timeIntervalSince1970)
        let guest = try TemporaryDirectory()
        try Program(
            [PackageDirectory.url.appending(path: "Tests/MachinesTests/make-debian-guest").path, "freebsd"],
            in: guest.path, isJoined: true
        ).output()
        let checksum = try Program(["/usr/bin/sha256sum", guest("disk.qcow2")]).output().prefix(64)
        try fixture.directory.write(
            """
            deployment: debian
            repositories: [{path: repo}]
            targets:
              - name: freebsd-14.2
                run: vm
                image: \(guest("disk.qcow2"))
                checksum: sha256=\(checksum)
                machine: {memory: 512 MiB, firmware: uefi, boot-time: 30 min}
            compilers: [5.3.0]
            packages: [good, tool, compiled, fails]

            """, to: "debian.yaml")
        let ending = try await fixture.run("debian", "run", "debian.yaml", "--format", "json", "--jobs", "2")
        #expect(ending.status == 1, "\(ending.messages)")
        for name in ["good", "tool", "compiled"] {
            #expect(ending.cells[name]?["state"] == "success", "\(name): \(ending.cells[name] ?? [:])")
        }
        #expect(ending.cells["fails"]?["signature"] == "Error: Unbound module Foo", "\(ending.cells["fails"] ?? [:])")
        let log = try await fixture.run("debian", "log", "freebsd-14.2/5.3.0/good.1").output
        let clock = try #require(log.firstMatch(of: /clock=(\d+)/).flatMap { Int($0.1) }, "\(log)")
        #expect(clock >= begin, "the clock is \(begin - clock) s late")
    }
}
