package import Core
internal import Git
package import Model
package import Store

extension ResultBranch {
    /// The newest verdict on each job in the history of the branch, including verdicts whose documents have been
    /// replaced since.
    ///
    /// - Complexity: O(commits), and a document for each job.
    /// - Throws: `StoreError`.
    package func verdictsInHistory(of store: Store) throws -> [Digest: CellResult] {
        guard let head = try store.snapshot(Branch(name)).commit else { return [:] }
        var newest: [Digest: (commit: ObjectID, path: String)] = [:]
        _ = try store.forEachCommit(from: head) { id, contents in
            guard let message = Self.message(of: contents), let path = message.text(.path),
                let job = message[.job].flatMap({ Digest(hex: $0) }), newest[job] == nil
            else { return true }
            newest[job] = (id, path)
            return true
        }
        return try newest.compactMapValues { entry in
            let result = try store.snapshot(at: entry.commit).value(CellResult.self, at: StorePath(entry.path))
            return result?.isVerdictOnJob == true ? result : nil
        }
    }

    /// The message of a commit, given its bytes: the text after the first empty line.
    private static func message(of commit: UnsafeRawBufferPointer) -> ResultMessage? {
        let newline = UInt8(ascii: "\n")
        guard let end = commit.indices.dropLast().first(where: { commit[$0] == newline && commit[$0 + 1] == newline })
        else { return nil }
        return ResultMessage(UnsafeRawBufferPointer(rebasing: commit[(end + 2)...]))
    }
}
