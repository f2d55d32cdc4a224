internal import Core
internal import Review
internal import Store
internal import System

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
    private typealias Files = FileSystem<SystemError>

    private let root: String
    private(set) var written = 0
    private var made: Set<String> = []

    init(_ directory: String) {
        root = directory.isEmpty ? "." : directory
    }

    /// Writes a file where the folder does not have it with this content. Nothing waits for the disk: a file that a crash of the
    /// machine damages differs from the page, and is written again.
    func write(_ content: [UInt8], to path: String) throws(Failure) {
        let file = "\(root)/\(path)"
        if holds(content, at: file) { return }
        do throws(SystemError) {
            if let parent = parentDirectory(of: file), made.insert(parent).inserted {
                try Files.makeDirectories(parent)
            }
            try Files.replace(file, with: content, durability: .none)
            written += 1
        } catch {
            throw Failure(
                .unavailable, "cannot write '\(file)': \(error.reason)",
                hint: "choose a directory that can be written and has space")
        }
    }

    private func holds(_ content: [UInt8], at path: String) -> Bool {
        guard let file = try? Files.File.ifPresent(path), file.size == content.count else { return false }
        return (try? file.read(content.count)) == content
    }
}
