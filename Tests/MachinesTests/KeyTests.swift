import Core
import Foundation
import Machines
import TestSupport
import Testing

/// Keys for machines.
@Suite(.enabled(if: Program.areInstalled("ssh-keygen"), "needs OpenSSH"))
struct KeyTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func publicKey(_ path: String) throws -> String {
        let text = try String(contentsOfFile: "\(path).pub", encoding: .utf8)
        return text.split(separator: " ").prefix(2).joined(separator: " ")
    }

    /// A comment would be part of the seed, which is YAML.
    @Test func existingKeysLoseTheirComments() async throws {
        try directory.shell("ssh-keygen -q -t ecdsa -N '' -C \"it's me: a #comment\" -f id")
        let first = try await MachineKey.existing(directory("id"))
        #expect(first.publicKey == (try publicKey(directory("id"))))
        try directory.shell("rm id; ssh-keygen -q -t ed25519 -N '' -f id")
        let second = try await MachineKey.existing(directory("id"))
        #expect(second.publicKey == (try publicKey(directory("id"))) && second != first)
    }

    @Test func keysThatCannotBeUsedAreExplained() async throws {
        try directory.shell("ssh-keygen -q -t ed25519 -N secret -f locked; echo x >text; chmod 600 text")
        for (name, reason) in [("locked", "passphrase"), ("text", "text"), ("absent", "No such file")] {
            let failure = await #expect(throws: PermanentFailure.self) {
                _ = try await MachineKey.existing(directory(name))
            }
            let text = "\(String(describing: failure))"
            #expect(text.contains("the key '\(directory(name))' cannot be used: ") && text.contains(reason), "\(text)")
        }
    }

    /// Many that need the user's own key at once get the same one.
    @Test func theOwnKeyIsMadeOnce() async throws {
        let path = directory("machines")
        let keys = try await withThrowingTaskGroup(of: MachineKey.self) { group in
            for _ in 0..<8 { group.addTask { try await MachineKey.own(in: path) } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(keys.count == 1 && keys.first?.path == "\(path)/key")
        let mode = try FileManager.default.attributesOfItem(atPath: "\(path)/key")[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }
}
