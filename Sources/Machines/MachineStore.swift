package import Core
internal import Foundation
internal import Glibc
package import Layers
internal import System

/// A prepared and saved machine: a disk, a state, and a record.
package struct PreparedMachine: Sendable {
    /// The record of a prepared machine.
    package struct Record: Codable, Hashable, Sendable {
        /// The keys of its ssh server, each `TYPE KEY`.
        package var hostKeys: [String]
        /// A description of the system.
        package var facts: String
        /// Versions of system packages, each `NAME VERSION`; nil if unknown.
        package var systemPackages: [String]?
        /// The backing disk of its overlay.
        package var backing: String
        /// Identifies this preparation.
        package var making: String

        package init(hostKeys: [String], facts: String, backing: String) {
            self.hostKeys = hostKeys
            self.facts = facts
            self.backing = backing
            making = UUID().uuidString
        }
    }

    /// The directory with its files.
    package var directory: String
    /// The record of the machine.
    package var record: Record

    /// The path of the disk.
    package var disk: String { "\(directory)/disk.qcow2" }
    /// The path of the saved state.
    package var state: String { "\(directory)/state" }
    /// The path of the disk that configures the login.
    package var seed: String { "\(directory)/seed.iso" }
}

/// Prepared machines, each created once.
///
/// ```
/// DIGEST/            disk.qcow2, state, seed.iso and record.json of a machine
/// incoming/          unfinished machines
/// locks/DIGEST       held while a machine is created
/// key                the private key with which this user logs in to machines
/// kvm.DIGEST         the result of the KVM probe
/// verified.DIGEST    images whose checksums have been verified
/// ```
package struct MachineStore: Sendable {
    /// The directory of the machines.
    package let directory: String
    private let usage: CacheUsage?

    /// - Parameter usage: is notified of each use of a machine.
    package init(_ directory: String, usage: CacheUsage? = nil) {
        self.directory = directory
        self.usage = usage
    }

    /// The existing machines.
    package var digests: [Digest] { names(in: directory).compactMap { Digest(hex: $0) } }

    /// The machine named `digest`; if it does not exist, `make` creates it. If several tasks and processes request the
    /// same one, one of them creates it and the others wait.
    ///
    /// - Parameters:
    ///   - backing: the backing disk of its overlay. A machine with another one is created again.
    ///   - make: creates the files of a machine in an empty directory.
    package func machine(
        _ digest: Digest, over backing: String,
        make: @Sendable (_ directory: String) async throws -> PreparedMachine.Record
    ) async throws -> PreparedMachine {
        try usage?.noteUse(.machine, digest)
        if let known = existing(digest, over: backing) { return known }
        let lock = try await ExclusiveLock.acquire("\(directory)/locks/\(digest)")
        defer { withExtendedLifetime(lock) {} }
        if let known = existing(digest, over: backing) { return known }
        try discard(digest)
        ScratchDirectory.removeLeftovers(in: incoming)
        // The directory contains the private state of a guest.
        let scratch = try Files.scratchDirectory(in: incoming, mode: 0o700)
        let path = "\(scratch.path)/machine"
        try Files.makeDirectory(path, mode: 0o700)
        let record = try await make(path)
        let file = "\(path)/record.json"
        try Files.replace(file, with: Array(try JSONEncoder().encode(record)), mode: 0o600, durability: .contents)
        try await BlockingWork.run { [directory] in
            try Files.synchronizeFileSystem(of: path)
            try Files.rename(path, "\(directory)/\(digest)")
        }
        usage?.noteSize(.machine, digest, at: "\(directory)/\(digest)")
        return PreparedMachine(directory: "\(directory)/\(digest)", record: record)
    }

    /// Removes a machine, by one rename. No running machine may be using it.
    package func discard(_ digest: Digest) throws(Failure) {
        let path = "\(directory)/\(digest)"
        guard access(path, F_OK) == 0 else { return }
        let scratch = try Files.scratchDirectory(in: incoming)
        try Files.rename(path, "\(scratch.path)/machine")
    }

    private var incoming: String { "\(directory)/incoming" }

    private func existing(_ digest: Digest, over backing: String) -> PreparedMachine? {
        let path = "\(directory)/\(digest)"
        guard let text = contents(of: "\(path)/record.json"),
            let record = try? JSONDecoder().decode(PreparedMachine.Record.self, from: Data(text.utf8)),
            record.backing == backing
        else { return nil }
        return PreparedMachine(directory: path, record: record)
    }
}
