import Archive
import Foundation
import Glibc
import SandboxTestSupport
import TestSupport
import Testing

@testable import Layers
@testable import Sandbox
@testable import Supervision

@Suite struct IdentityTests {
    private typealias Extent = IdentityMapping.Extent

    private func extents(of map: String) -> [Extent] {
        map.split(separator: "\n").map { line in
            let numbers = line.split(separator: " ").compactMap { UInt32($0) }
            return Extent(inside: numbers[0], outside: numbers[1], count: numbers[2])
        }
    }

    /// Every id has one counterpart on the other side, or the kernel rejects the map.
    @Test func theMachinesRootPermutesAllIDs() throws {
        let all = [Extent(inside: 0, outside: 0, count: .max)]
        let mapping = IdentityMapping(isRoot: true, users: all, groups: all, offset: 0x6FFF_0000)
        #expect(mapping.hasSeveralUsers)
        for key in [\Extent.inside, \.outside] {
            var next: UInt32 = 0
            for extent in extents(of: mapping.maps.users).sorted(by: { $0[keyPath: key] < $1[keyPath: key] }) {
                #expect(extent[keyPath: key] == next)
                next += extent.count
            }
            #expect(next == .max)
        }
        for id: UInt32 in [1, 42, 1000, 65535] {
            let owner = mapping.stored(Owner(user: id, group: 0))
            #expect(owner.user == id + 0x6FFF_0000 && owner.group == 0)
            #expect(owner.shifted(down: mapping.offset).user == id)
        }
    }

    @Test func withinAUserNamespaceItsOwnIDsAreUsed() {
        let some = [Extent(inside: 0, outside: 1001, count: 1), Extent(inside: 1, outside: 100_000, count: 65535)]
        let mapping = IdentityMapping(isRoot: true, users: some, groups: some, offset: 7)
        #expect(mapping.hasSeveralUsers && mapping.offset == 0)
        #expect(mapping.maps.users == "0 0 1\n1 1 65535\n")
        let one = [Extent(inside: 0, outside: 1001, count: 1)]
        #expect(!IdentityMapping(isRoot: true, users: one, groups: one, offset: 7).hasSeveralUsers)
        #expect(!IdentityMapping(isRoot: false, users: some, groups: some, offset: 7).hasSeveralUsers)
    }

    @Test(.enabled(if: SandboxFixture.isSandboxPossible && getuid() == 0, "needs bubblewrap and root"))
    func aBuildHasTheNumberOfNoLogin() async throws {
        let fixture = try SandboxFixture()
        let sandbox = try fixture.sandbox()
        let (result, output) = await sandbox.sh("id -u; touch f; stat -c %u:%g f; cat /proc/self/status | grep ^Uid")
        #expect(result.succeeded && output.hasPrefix("1000\n1000:1000\n"), "\(output)")
        var status = stat()
        #expect(lstat("\(sandbox.changes)/home/build/f", &status) == 0)
        #expect(status.st_uid != 1000 && getpwuid(status.st_uid) == nil && getgrgid(status.st_gid) == nil)
        // The layer does not depend on the number.
        let layers = LayerStore(fixture.path + "/layers")
        let layer = try layers.capture(sandbox, paths: ["home"])
        try Extraction(ownership: .archive).extract(layers.object(layer.digest), to: fixture.path + "/unpacked")
        #expect(lstat("\(fixture.path)/unpacked/home/build/f", &status) == 0 && status.st_uid == 1000)
    }

    /// The suites of sandboxes and layers again, as an ordinary user with the ids mapped by newuidmap.
    @Test(
        .enabled(
            if: SandboxFixture.isSandboxPossible && getuid() == 0 && Program.areInstalled("newuidmap", "unshare"),
            "needs bubblewrap, root and uidmap"))
    func anOrdinaryUserWithSubordinateIDsHasSeveralUsers() throws {
        let directory = try TemporaryDirectory()
        chmod(directory.path, 0o777)
        let ci = try BuiltProgram.path(of: "ci")
        let user = try OrdinaryUser(in: directory)
        let doctor = try user.run([ci, "doctor", "--store", "store", "--format", "json"])
        struct Finding: Decodable {
            var name: String
            var state: String
            var detail: String
        }
        let findings = try JSONDecoder().decode([Finding].self, from: Data(doctor.output.utf8))
        let users = try #require(findings.first { $0.name == "users" })
        #expect(users.state == "good", "\(users)")
        let sandbox = try #require(findings.first { $0.name == "sandbox" })
        #expect(sandbox.detail == "works, as an ordinary user with subordinate ids", "\(sandbox)")

        let without = try user.run([ci, "doctor", "--store", "store"], subordinateIDs: false)
        #expect(without.status == 3)
        #expect(without.output.contains("MISSING  users: "), "\(without.output)")
        #expect(without.output.contains("usermod --add-subuids"), "\(without.output)")
        let left = try FileManager.default.subpathsOfDirectory(atPath: directory("home"))
        #expect(left == [], "nothing is left")
    }
}
