internal import Core
internal import Executor
internal import Foundation
internal import OpamSwitch

extension SwitchState {
    /// Writes the state below `directory` as a layer of its own, owned by the user who builds.
    ///
    /// - Parameter base: the root file system whose directories lead to the opam root.
    /// - Throws: `Failure` where the disk refuses.
    func write(below directory: String, over base: String, owner: Command.User) throws(Failure) {
        try writeLeadingDirectories(below: directory, over: base)
        for path in directories.map({ "\(directory)/\($0)" }) {
            guard mkdir(path, 0o755) == 0 else { throw refusal(path) }
            try own(path, owner, mode: 0o755)
        }
        for (name, text) in files {
            let path = "\(directory)/\(name)"
            guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else { throw refusal(path) }
            try own(path, owner, mode: 0o644)
        }
    }

    /// The highest layer decides what a directory is like, so these are like those of the base.
    private func writeLeadingDirectories(below directory: String, over base: String) throws(Failure) {
        var leading = ""
        for component in directories[0].split(separator: "/").dropLast() {
            leading += "/\(component)"
            var status = stat()
            let isThere = stat(base + leading, &status) == 0
            guard mkdir(directory + leading, 0o755) == 0 else { throw refusal(directory + leading) }
            let owner = Command.User(uid: isThere ? status.st_uid : 0, gid: isThere ? status.st_gid : 0)
            try own(directory + leading, owner, mode: isThere ? status.st_mode & 0o7777 : 0o755)
        }
    }

    private func own(_ path: String, _ owner: Command.User, mode: mode_t) throws(Failure) {
        guard geteuid() != 0 || chown(path, owner.uid, owner.gid) == 0, chmod(path, mode) == 0 else {
            throw refusal(path)
        }
    }

    private func refusal(_ path: String) -> Failure {
        Failure(.infrastructure, "\(path): cannot be written: \(String(cString: strerror(errno)))")
    }
}
