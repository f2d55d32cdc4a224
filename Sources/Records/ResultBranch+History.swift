package import Core
internal import Git
package import Model
package import Store

extension ResultBranch {
    /// The newest verdict on each job in the history of the branch, also those whose documents others replaced since.
    ///
    /// - Complexity: O(commits), and a document for each job.
    /// - Throws: `StoreError`.
    package func verdictsInHistory(of store: Store) throws -> [Digest: CellResult] {
        guard let head = try store.snapshot(Branch(name)).commit else { return [:] }
        var places: [Digest: (commit: ObjectID, path: String)] = [:]
        _ = try store.forEachCommit(from: head) { id, contents in
            guard let message = Self.message(of: contents), let path = message.text(.path),
                let job = message[.job].flatMap({ Digest(hex: $0) }), places[job] == nil
            else { return true }
            places[job] = (id, path)
            return true
        }
        return try places.compactMapValues { place in
            let result = try store.snapshot(at: place.commit).value(CellResult.self, at: StorePath(place.path))
            return result?.isVerdictOnJob == true ? result : nil
        }
    }

    /// The message of a commit by its bytes: what comes after the first empty line.
    private static func message(of commit: UnsafeRawBufferPointer) -> ResultMessage? {
        let newline = UInt8(ascii: "\n")
        guard let end = commit.indices.dropLast().first(where: { commit[$0] == newline && commit[$0 + 1] == newline })
        else { return nil }
        return ResultMessage(UnsafeRawBufferPointer(rebasing: commit[(end + 2)...]))
    }
}
