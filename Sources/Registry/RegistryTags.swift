package import Core
internal import Foundation

/// The tags of a repository, each of which names the kind and the digest of a blob. One listing serves all kinds.
package struct RegistryTags: Sendable {
    private let names: [String]

    init(_ names: [String]) { self.names = names }

    /// The names in a registry's response.
    static func names(in response: [UInt8]) throws -> [String] {
        struct Page: Decodable {
            var tags: [String]?
        }
        return try JSONDecoder().decode(Page.self, from: Data(response)).tags ?? []
    }

    /// The digests in the tags of a kind of blobs.
    package func digests(of kind: RegistryBlobs.Kind) -> Set<Digest> {
        let prefix = "\(kind.tag)-"
        return Set(names.lazy.filter { $0.hasPrefix(prefix) }.compactMap { Digest(hex: $0.dropFirst(prefix.count)) })
    }
}
