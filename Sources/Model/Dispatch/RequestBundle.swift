package import Core
internal import Foundation

/// A bundle of requests that are assigned in one step, as a single object.
///
/// The object consists of a part for each request, which a worker reads alone. A part consists of two canonical JSON
/// objects: the digests of the objects that contain the jobs, and the request. An object with jobs consists of their
/// documents, one after the other.
///
/// - SeeAlso: `docs/decisions/0322-bundles-of-requests.md`
package struct RequestBundle {
    /// The contents of the object.
    package private(set) var bytes: [UInt8] = []
    /// The ranges of the parts in it.
    package private(set) var ranges: [Range<Int>] = []

    package init() {}

    /// Adds a request.
    ///
    /// - Parameters:
    ///   - request: The document of the request.
    ///   - jobs: The objects with the jobs that it names.
    package mutating func add(_ request: [UInt8], jobs: [Digest]) {
        let start = bytes.count
        bytes += CanonicalWriter.document { writer in
            writer.object { writer in
                writer.key("jobs")
                writer.array(jobs) { $0.digest($1) }
            }
        }
        bytes += request
        ranges.append(start..<bytes.count)
    }

    /// The document of the request of a part, and the objects with the jobs that it names; nil if it is not a part.
    package static func read(_ part: [UInt8]) -> (document: [UInt8], jobs: [Digest])? {
        let documents = documents(in: part)
        guard documents.count == 2,
            let jobs = CanonicalReader.document(
                Array(documents[0]), { reader in reader.object { $0.key("jobs") ? $0.array { $0.digest() } : nil } })
        else { return nil }
        return (Array(documents[1]), jobs)
    }

    /// The canonical JSON objects of which `bytes` consists: only the last line of each begins with a brace.
    package static func documents(in bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var documents: [ArraySlice<UInt8>] = []
        bytes.withUnsafeBytes { all in
            guard let base = all.baseAddress else { return }
            var (start, line) = (0, 0)
            while line < all.count, let newline = memchr(base + line, 0x0a, all.count - line) {
                let end = UnsafeRawPointer(newline) - base
                if all[line] == UInt8(ascii: "}"), end == line + 1 {
                    documents.append(bytes[start...end])
                    start = end + 1
                }
                line = end + 1
            }
        }
        return documents
    }
}
