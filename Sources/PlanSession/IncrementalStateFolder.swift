internal import Core
internal import Foundation
package import Git
package import Planner
internal import System

/// Stores the incremental states of plans in a directory, in a file for each, named after the tree of its plan.
///
/// A file consists of a header line, the digest of the rest, the tree, the program that wrote it, and the state. Files
/// in another format, of another program, or damaged ones are ignored, and everything is planned again.
package struct IncrementalStateFolder: Sendable {
    private static let form = "ciso plan memory 4\n"
    /// The number of files that are kept; the oldest are removed.
    private static let capacity = 8
    private static let suffix = ".plan"

    private let path: String

    package init(_ path: String) {
        self.path = path
    }

    private func file(of tree: ObjectID) -> String { "\(path)/\(tree)\(Self.suffix)" }

    private static func head(of tree: ObjectID) -> [UInt8] { Array("\(tree)\n\(program)\n".utf8) }

    /// Reads the state of the plan with this tree; nil if there is no valid one.
    package func state(of tree: ObjectID) -> IncrementalState? {
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: file(of: tree)), options: .alwaysMapped) else {
            return nil
        }
        return data.withUnsafeBytes { bytes -> IncrementalState? in
            let start = Self.form.utf8.count + 64
            guard bytes.count > start, bytes.starts(with: Self.form.utf8) else { return nil }
            let payload = UnsafeRawBufferPointer(rebasing: bytes[start...])
            let head = Self.head(of: tree)
            guard bytes[Self.form.utf8.count..<start].elementsEqual(Digest(of: payload).hex.utf8),
                payload.starts(with: head)
            else { return nil }
            return IncrementalState(encoded: UnsafeRawBufferPointer(rebasing: payload[head.count...]))
        }
    }

    /// Stores the state of the plan with this tree. If that fails, the next plan is a full one.
    package func keep(_ state: IncrementalState, of tree: ObjectID) {
        let payload = Self.head(of: tree) + state.encoded
        let head = Array("\(Self.form)\(Digest(of: payload).hex)".utf8)
        do throws(Failure) {
            try Files.makeDirectories(path)
            let file = try AtomicFile<Failure>(replacing: file(of: tree))
            for part in [head, payload] { try file.file.write(part) }
            try file.commit(.none)
        } catch {
            return
        }
        Files.removeOldest(of: names(in: path).filter { $0.contains(Self.suffix) }, in: path, keeping: Self.capacity)
    }

    /// Identifies the running program: another build of it may plan differently.
    static let program: String = {
        var status = stat()
        guard stat("/proc/self/exe", &status) == 0 else { return "" }
        return "\(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) \(status.st_ino)"
    }()
}
