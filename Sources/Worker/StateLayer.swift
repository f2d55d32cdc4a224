internal import Archive
internal import Core
internal import Foundation
internal import OpamSwitch
internal import Supervision
internal import System

/// A directory with files of opam's own, which is stacked like a layer and thrown away with its job.
struct StateLayer {
    private let directory: String
    private let base: String
    private let owner: Command.User
    private let identities = IdentityMapping.ofThisProcess

    /// - Parameters:
    ///   - directory: on this machine; made if need be.
    ///   - base: the root file system whose directories lead to the opam root.
    ///   - owner: who builds, and owns what the base does not have.
    init(_ directory: String, over base: String, owner: Command.User) {
        self.directory = directory
        self.base = base
        self.owner = owner
    }

    /// Writes what opam keeps about a switch as a whole.
    ///
    /// - Throws: `Failure` where the disk refuses.
    func write(_ state: SwitchState) throws(Failure) {
        for path in state.directories { try makeDirectory(path) }
        try write(files: state.files.mapValues { Array($0.utf8) })
    }

    /// Makes a directory that the build user owns, by its absolute path.
    ///
    /// - Throws: `Failure` where the disk refuses.
    func write(directory path: String) throws(Failure) {
        try makeDirectory(String(path.drop { $0 == "/" }))
    }

    /// Writes files, by path relative to `/`, and the directories that lead to them.
    ///
    /// - Throws: `Failure` where the disk refuses.
    func write(files: [String: [UInt8]]) throws(Failure) {
        for (name, bytes) in files {
            if let slash = name.lastIndex(of: "/") { try makeDirectory(String(name[..<slash])) }
            let path = "\(directory)/\(name)"
            guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else { throw refusal(path) }
            try own(path, stored, mode: 0o644)
        }
    }

    /// Makes a directory, after those that lead to it. The highest layer decides what a directory is like, so those that
    /// the base has are like the base's.
    private func makeDirectory(_ name: String) throws(Failure) {
        let path = "\(directory)/\(name)"
        var status = stat()
        if stat(path, &status) == 0 { return }
        if let slash = name.lastIndex(of: "/") {
            try makeDirectory(String(name[..<slash]))
        } else {
            try Files.makeDirectories(directory, mode: 0o755)
        }
        try Files.makeDirectory(path, mode: 0o755)
        if stat("\(base)/\(name)", &status) == 0 {
            try own(path, Owner(user: status.st_uid, group: status.st_gid), mode: status.st_mode & 0o7777)
        } else {
            try own(path, stored, mode: 0o755)
        }
    }

    private var stored: Owner { identities.stored(Owner(user: owner.uid, group: owner.gid)) }

    private func own(_ path: String, _ owner: Owner, mode: mode_t) throws(Failure) {
        guard !identities.hasSeveralUsers || chown(path, owner.user, owner.group) == 0, chmod(path, mode) == 0 else {
            throw refusal(path)
        }
    }

    private func refusal(_ path: String) -> Failure {
        Failure(.last("write", path))
    }
}
