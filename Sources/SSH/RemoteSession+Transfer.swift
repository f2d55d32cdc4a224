public import Archive
public import Core
import Glibc
import Supervision
import Synchronization
import System

/// Transfers files to and from the host.
extension RemoteSession {
    /// Unpacks `archive` (tar, compressed or not) in `directory`, an absolute path on the host, which is created.
    ///
    /// - Throws: `Failure` with the output of the host's tar.
    public func unpack(_ archive: String, to directory: String) async throws(Failure) {
        try checkPlain(directory)
        // The login shell parses this command line, so it consists of plain words only.
        try await feed(archive, to: "mkdir -p \(directory) && exec tar -xpf - -C \(directory)", "unpacking \(archive)")
    }

    /// Sends the decompressed contents of `archive` to a command of plain words.
    func feed(_ archive: String, to command: String, _ action: String) async throws(Failure) {
        try await transfer(words(command), action) { (descriptor: Int32) throws(Failure) in
            do throws(ArchiveError) {
                try expand(archive, to: descriptor)
            } catch {
                // A failed system call means that the host's tar has ended; its output explains why.
                if error.code != .system { throw error.failure }
            }
        }
    }

    /// Writes a file on the host at an absolute path.
    public func write(_ bytes: [UInt8], to path: String) async throws(Failure) {
        try checkPlain(path)
        try await transfer(words("exec tee \(path)"), "writing \(path)") { RemoteSession.send(bytes, to: $0) }
    }

    /// The contents of a regular file on the host, at an absolute path; nil if there is none.
    ///
    /// - Parameter limit: the maximum number of bytes; a longer file counts as missing.
    public func read(_ path: FilePath, limit: Int = 4 << 20) async throws(Failure) -> [UInt8]? {
        let copy = "\(scratch.path)/read.\(nextNumber())"
        defer { unlink(copy) }
        try await run(
            RemoteScript(PackageResources.read_file_sh, ["limit": "\(limit)"], paths: ["file": path]), into: copy,
            limit: limit + 1)
        guard let found = bytes(of: copy), !found.isEmpty else { return nil }
        return Array(found.dropFirst())
    }

    /// The operating system and the C compiler of the host, one line each.
    ///
    /// - Parameter path: the directories in which programs are searched.
    public func tools(path: String) async throws(Failure) -> String {
        try await answer(to: RemoteScript(PackageResources.describe_tools_sh, ["path": path]))
    }

    /// The paths of everything below a directory of the host except directories.
    ///
    /// - Parameters:
    ///   - excluded: paths to skip with everything below them.
    ///   - limit: the maximum number of paths.
    public func files(below directory: String, excluding excluded: [String], limit: Int) async throws(Failure)
        -> [String]
    {
        try await answer(
            to: RemoteScript(
                PackageResources.list_files_sh, ["directory": directory, "limit": "\(limit)"], arguments: excluded)
        ).textLines.filter { !$0.isEmpty }
    }

    /// The output of a short script on the host.
    func answer(to script: RemoteScript) async throws(Failure) -> String {
        let file = "\(scratch.path)/answer.\(nextNumber())"
        defer { unlink(file) }
        try await run(script, into: file)
        return contents(of: file) ?? ""
    }

    /// Runs a short script on the host, and writes its output to `file`.
    ///
    /// - Parameter limit: the maximum number of bytes of output.
    func run(_ script: RemoteScript, into file: String = "/dev/null", limit: Int = 64 << 20) async throws(Failure) {
        let text = script.text
        try await transfer(words("exec /bin/sh -s"), "running a script", into: file, limit: limit) {
            RemoteSession.send(text, to: $0)
        }
    }

    private func checkPlain(_ path: String) throws(Failure) {
        guard isPlainPath(path), path.hasPrefix("/") else {
            throw Failure(.unavailable, "'\(path)': expected an absolute path of plain letters")
        }
    }

    /// Runs the ssh client with an input written by `feed`, and its output in a file.
    private func transfer(
        _ words: [String], _ action: String, into file: String = "/dev/null", limit: Int = 64 << 20,
        feed: @escaping @Sendable (Int32) throws(Failure) -> Void
    ) async throws(Failure) {
        let errorText = Mutex("")
        let problem = Mutex<Failure?>(nil)
        let variables = host.client.environment
        let result = await Supervisor.run { cancellation in
            do throws(Failure) {
                let input = try Pipe()
                let errors = try Pipe()
                let output = try Files.File(file, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
                let process = try RemoteSession.start(
                    words, environment: variables, input: input.reading, output: output.descriptor,
                    error: errors.writing,
                    limits: [.init(resource: Int32(RLIMIT_FSIZE.rawValue), value: UInt64(limit))])
                let supervisor = Supervisor(
                    process: process, limits: Limits(silence: nil, disk: nil), group: .none, cancellation: cancellation,
                    disk: DiskWatch(paths: [], limit: nil, reserve: 0), report: .status)
                let feeding = input.takeWriting()
                do throws(Failure) { try feed(feeding) } catch { problem.withLock { $0 = error } }
                Glibc.close(feeding)
                return supervisor.run(output: errors.takeReading(), status: -1) { bytes in
                    errorText.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
                }
            } catch {
                return CommandResult(ending: .setupFailed(error.description))
            }
        }
        if let failure = problem.withLock({ $0 }) { throw failure }
        guard !result.succeeded else { return }
        let text = errorText.withLock { String($0.suffix(500)) }
        if let message = text.textLines.last(where: { $0.hasPrefix("ciso: ") }) {
            throw Failure(.input, String(message.dropFirst("ciso: ".count)))
        }
        throw Failure(.unavailable, "\(host.name): \(action): \(result.ending): \(text)")
    }
}
