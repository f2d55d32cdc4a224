internal import Foundation
package import System

extension FileSystem {
    /// Removes the files of a cache that were modified longest ago.
    ///
    /// - Parameters:
    ///   - names: the names of the files.
    ///   - count: how many of them are kept.
    package static func removeOldest(of names: [String], in directory: String, keeping count: Int) {
        let ages = names.map { name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(directory)/\(name)")
            return (name: name, date: attributes?[.modificationDate] as? Date ?? .distantPast)
        }
        for (name, _) in ages.sorted(by: { $0.date > $1.date }).dropFirst(count) { unlink("\(directory)/\(name)") }
    }
}
