package import Git

extension Store {
    /// The directory of the git repository.
    package var repositoryDirectory: String { layout.root }

    /// The result of advancing a branch to a fetched commit.
    package enum Advance: Hashable, Sendable {
        /// The branch was moved to the commit.
        case moved
        /// The branch already contained the commit.
        case upToDate
        /// Both have commits that the other lacks; nothing was changed. `base` is nil if they have no common ancestor.
        case diverged(own: ObjectID, base: ObjectID?)
    }

    /// Moves a branch forward to a commit that exists in the repository, or creates it, unless commits would be lost.
    package func advance(_ branch: Branch, to id: ObjectID) throws -> Advance {
        try exclusively { repository in
            try repository.refresh()
            let own = try ReferenceFile(name: branch.reference, directory: layout.root).read(repository)
            guard let own else {
                try repository.updateReference(branch.reference, to: id, expecting: nil)
                try layout.adoptHead(branch.reference, repository)
                return .moved
            }
            if try repository.isAncestor(id, of: own) { return .upToDate }
            guard try repository.isAncestor(own, of: id) else {
                return .diverged(own: own, base: try repository.mergeBase(own, id))
            }
            try repository.updateReference(branch.reference, to: id, expecting: own)
            return .moved
        }
    }

    /// Sets a branch to a commit that does not descend from its current one. Make a snapshot first to keep what is
    /// lost.
    package func replace(_ branch: Branch, from own: ObjectID, by id: ObjectID) throws {
        try exclusively { repository in
            try repository.updateReference(branch.reference, to: id, expecting: own)
        }
    }

    /// The references with a prefix and their objects.
    package func references(prefix: String) throws -> [(name: String, id: ObjectID)] {
        try handles.with { repository in
            try repository.refresh()
            return try repository.references(prefix: prefix).compactMap { name in
                try repository.reference(name).map { (name, $0) }
            }
        }
    }
}
