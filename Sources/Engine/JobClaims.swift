package import Core
internal import Model
package import Store

/// Claims on jobs, as live values of the store: whichever deployment and process runs a job, no other runs it meanwhile.
///
/// The path names the job alone. A claim ends when it is released or its process ends, however it ends.
package final class JobClaims: Sendable {
    private let live: any EphemeralValues
    private let owner: EphemeralOwner

    /// - Throws: `StoreError` where the owner of the claims cannot be registered.
    package init(in live: any EphemeralValues) throws {
        self.live = live
        owner = try live.join("claims")
    }

    /// Claims a job; false where another run has claimed it.
    ///
    /// - Throws: `StoreError`.
    package func claim(_ job: Digest) throws -> Bool {
        let path = try Self.path(of: job)
        if try live.set([], at: path, owner: owner, lifetime: nil, expecting: .absent) != nil { return true }
        return try live.value(at: path)?.owner == owner.id
    }

    /// Ends the claim on a job, after its verdict was recorded.
    package func release(_ job: Digest) {
        guard let path = try? Self.path(of: job), let value = try? live.value(at: path), value.owner == owner.id else {
            return
        }
        // A claim that cannot be removed ends with the process.
        _ = try? live.remove(path, expecting: .version(value.version))
    }

    /// Returns when no run claims the job, or the task is cancelled.
    package func waitUntilFree(_ job: Digest) async {
        guard let path = try? Self.path(of: job) else { return }
        let (frees, tell) = AsyncStream.makeStream(of: Void.self)
        let watch = live.watch(below: path) { values in
            if values.isEmpty { tell.yield() }
        }
        defer { watch.cancel() }
        for await _ in frees { return }
    }

    /// Ends all claims.
    package func end() { owner.leave() }

    private static func path(of job: Digest) throws -> StorePath {
        try StorePath("claims/\(job.hex)")
    }
}
