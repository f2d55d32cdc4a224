internal import Core
internal import Foundation

extension Report {
    /// Writes the files and the logs into a directory, which is made where it does not exist.
    ///
    /// Each file is written aside and then renamed. The pages come last, so that none refers to a log that is not there.
    ///
    /// - Parameter logs: the bytes of the logs by their digest; control characters are made visible in the files.
    /// - Throws: `Failure` of the category `unavailable` for the first file that cannot be written.
    package func write(to directory: String, logs: [String: [UInt8]]) throws {
        let folder = URL(filePath: directory, directoryHint: .isDirectory)
        for (digest, log) in logs {
            try write(String(decoding: log, as: UTF8.self).displayable, to: Report.logName(digest), in: folder)
        }
        for file in try files().reversed() { try write(file.text, to: file.name, in: folder) }
    }

    private func write(_ text: String, to name: String, in folder: URL) throws(Failure) {
        let file = folder.appending(path: name)
        do {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file, options: .atomic)
        } catch {
            throw Failure(
                .unavailable, "cannot write '\(file.path)': \(systemReason(of: error) ?? "\(error)")",
                hint: "choose a directory that can be written and has space")
        }
    }
}
