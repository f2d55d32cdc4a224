internal import Archive
internal import Core
internal import Foundation
internal import OpamSwitch
internal import Supervision
internal import System

/// A directory with opam's own files, which is stacked like a layer and removed with its job.
///
/// - SeeAlso: `docs/decisions/0061-switch-state.md`
struct StateLayer {
    private let directory: String
    private let base: String
    private let owner: Command.User
    private let identities = IdentityMapping.ofThisProcess

    /// - Parameters:
    ///   - directory: The directory on this machine, which is created if missing.
    ///   - base: The root file system with the parent directories of the opam root.
    ///   - owner: The build user, who owns directories that the base lacks.
    init(_ directory: String, over base: String, owner: Command.User) {
        self.directory = directory
        self.base = base
        self.owner = owner
    }

    /// Writes opam's state of a whole switch.
    ///
    /// - Throws: `Failure` if writing fails.
    func write(_ state: SwitchState) throws(Failure) {
        for path in state.directories { try makeDirectory(FilePath(path)) }
        for (path, text) in state.files { try write(Array(text.utf8), to: FilePath(path)) }
    }

    /// Creates a directory owned by the build user, by its absolute path.
    ///
    /// - Throws: `Failure` if writing fails.
    func write(directory path: String) throws(Failure) {
        try makeDirectory(FilePath(path.drop { $0 == "/" }))
    }

    /// Writes files, by path relative to `/`, and their parent directories.
    ///
    /// - Throws: `Failure` if writing fails.
    func write(files: [FilePath: [UInt8]]) throws(Failure) {
        for (path, bytes) in files { try write(bytes, to: path) }
    }

    private func write(_ bytes: [UInt8], to name: FilePath) throws(Failure) {
        if let parent = name.parent { try makeDirectory(parent) }
        let path = FilePath(directory).appending(name)
        let file = path.withCString { open($0, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o644) }
        guard file >= 0 else { throw refusal(path) }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        guard (try? handle.write(contentsOf: Data(bytes))) != nil else { throw refusal(path) }
        try own(path, stored, mode: 0o644)
    }

    /// Creates a directory after its parents. The topmost layer determines a directory's attributes, so directories of
    /// the base get the base's attributes.
    private func makeDirectory(_ name: FilePath) throws(Failure) {
        let path = FilePath(directory).appending(name)
        var status = stat()
        if path.withCString({ stat($0, &status) }) == 0 { return }
        if let parent = name.parent {
            try makeDirectory(parent)
        } else {
            try Files.makeDirectories(directory, mode: 0o755)
        }
        let isMade = path.withCString { System.makeDirectory($0, in: AT_FDCWD, mode: 0o755) } == 0
        guard isMade else { throw refusal(path) }
        if FilePath(base).appending(name).withCString({ stat($0, &status) }) == 0 {
            try own(path, Owner(user: status.st_uid, group: status.st_gid), mode: status.st_mode & 0o7777)
        } else {
            try own(path, stored, mode: 0o755)
        }
    }

    private var stored: Owner { identities.stored(Owner(user: owner.uid, group: owner.gid)) }

    private func own(_ path: FilePath, _ owner: Owner, mode: mode_t) throws(Failure) {
        guard !identities.hasSeveralUsers || path.withCString({ chown($0, owner.user, owner.group) }) == 0,
            path.withCString({ chmod($0, mode) }) == 0
        else {
            throw refusal(path)
        }
    }

    private func refusal(_ path: FilePath) -> Failure {
        Failure(.last("write", path.description))
    }
}
