package import Git

extension Store {
    /// The folder of the git repository.
    package var repositoryDirectory: String { layout.root }

    /// How a branch compares with a commit that was fetched.
    package enum Advance: Hashable, Sendable {
        /// The branch is at the commit now, and was not before.
        case moved
        /// It was there, or has further commits.
        case upToDate
        /// Both have commits that the other one lacks; nothing was changed. Nil: they have nothing in common.
        case diverged(own: ObjectID, base: ObjectID?)
    }

    /// Moves a branch on to a commit that is in the repository, or makes it, where no commit is lost by that.
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

    /// Sets a branch to another commit that does not follow the one that it is at. Save it before: a snapshot keeps what is lost.
    package func replace(_ branch: Branch, from own: ObjectID, by id: ObjectID) throws {
        try exclusively { repository in
            try repository.updateReference(branch.reference, to: id, expecting: own)
        }
    }

    /// The references that begin with a prefix, and where they lead.
    package func references(prefix: String) throws -> [(name: String, id: ObjectID)] {
        try handles.with { repository in
            try repository.refresh()
            return try repository.references(prefix: prefix).compactMap { name in
                try repository.reference(name).map { (name, $0) }
            }
        }
    }
}
