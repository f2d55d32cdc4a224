internal import Core
internal import Foundation
internal import Review
internal import Store

extension Site {
    /// Writes the pages and the logs of failures into a directory, which is created if it does not exist.
    ///
    /// Files with unchanged content are not touched; others are replaced atomically. The start page is written last, so
    /// that its links are valid.
    ///
    /// - Parameter files: Further files by name.
    /// - Returns: The number of files written.
    /// - Throws: `Failure` of the category `unavailable` for the first file that cannot be written; `StoreError`.
    package func write(to directory: String, with files: [(name: String, text: String)]) throws -> Int {
        let folder = SiteFolder(directory)
        for file in files { try folder.write(Array(file.text.utf8), to: file.name) }
        for digest in logs.keys.sorted() {
            guard let bytes = try? log(digest) else { continue }
            let text = logText(digest, bytes)
            try folder.write(text.bytes, to: text.path)
            if let page = logPage(digest, bytes) { try folder.write(page.bytes, to: page.path) }
        }
        for path in paths.reversed() {
            if let page = try page(at: path) { try folder.write(page.bytes, to: page.path) }
        }
        return folder.written
    }
}

/// The directory of a report.
private final class SiteFolder {
    private let root: URL
    private(set) var written = 0
    private var made: Set<String> = []

    init(_ directory: String) {
        root = URL(filePath: directory, directoryHint: .isDirectory)
    }

    func write(_ bytes: [UInt8], to path: String) throws(Failure) {
        let file = root.appending(path: path, directoryHint: .notDirectory)
        let data = Data(bytes)
        if (try? Data(contentsOf: file)) == data { return }
        do {
            let parent = file.deletingLastPathComponent()
            if made.insert(parent.path).inserted {
                try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
            }
            try data.write(to: file, options: .atomic)
            written += 1
        } catch {
            throw Failure(
                .unavailable, "cannot write '\(file.path)': \(systemReason(of: error) ?? "\(error)")",
                hint: "choose a directory that can be written and has space")
        }
    }
}
