package import Core
internal import Foundation
package import Layers
package import Store
internal import System

/// Root file systems in a repository of a registry: artifacts tagged `environment-DIGEST`, where DIGEST identifies the
/// description of the environment, not the archive.
package struct RegistryRoots: SharedRoots {
    private let blobs: RegistryBlobs
    private let claims: (any EphemeralValues)?

    /// - Parameter claims: Ephemeral values through which machines agree on who builds a root file system; if nil, each
    ///   machine builds what is missing.
    package init(_ blobs: RegistryBlobs, claims: (any EphemeralValues)?) {
        self.blobs = blobs
        self.claims = claims
    }

    /// Uploads the archive of a root file system.
    package func put(_ environment: Digest, archive: String) throws {
        try blobs.put(try Digest(ofFile: archive), named: environment, archive: archive)
    }

    /// Downloads the archive of a root file system. Returns false if there is none.
    package func get(_ environment: Digest, to archive: String, limit: Int) throws -> Bool {
        guard let digest = try blobs.contents(named: environment) else { return false }
        return try blobs.get(digest, to: archive, limit: limit)
    }

    /// Claims to build a root file system; nil after another machine has built it or given up.
    package func claim(_ environment: Digest) async throws -> SharedRootClaim? {
        guard let claims else { return SharedRootClaim {} }
        let path = try StorePath("environments/\(environment)")
        let claim: SharedRootClaim? = try await BlockingWork.run {
            let owner = try claims.join("environment")
            let words = Array("\(environment)".utf8)
            if try claims.set(words, at: path, owner: owner, lifetime: nil, expecting: .unclaimed) != nil {
                return SharedRootClaim { owner.leave() }
            }
            owner.leave()
            return nil
        }
        if let claim { return claim }
        await claims.waitUntilFree(path)
        try Task.checkCancellation()
        return nil
    }
}
