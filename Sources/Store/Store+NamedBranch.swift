internal import Core

extension Store {
    /// The branch with a name given by the user.
    ///
    /// - Throws: `StoreError` of kind `notFound`, with similar or all names, if there is no such branch.
    public func existingBranch(_ name: String) throws -> Branch {
        let all = try branches()
        if let branch = all.first(where: { $0.name == name }) { return branch }
        let near = nearest(to: name, in: all.map(\.name)).map { "did you mean '\($0)'?" }
        throw StoreError(
            .notFound, "the store has no branch '\(name)'",
            hint: near ?? "it has \(all.map { "'\($0)'" }.joined(separator: ", "))")
    }
}
