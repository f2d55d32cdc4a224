internal import Core
internal import Foundation
package import OpamFormat
internal import OpamSwitch

extension Checksum {
    /// The checksum of a file, which is read in pieces; nil where it cannot be read.
    package init?(ofFile path: String, _ kind: Kind) {
        guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? handle.close() }
        var digest = MessageDigest(kind.algorithm)
        do {
            while let data = try handle.read(upToCount: 1 << 18), !data.isEmpty {
                data.withUnsafeBytes { digest.update($0) }
            }
        } catch {
            return nil
        }
        self.init("\(kind.rawValue)=\(digest.finish())")
    }
}
