internal import Git
internal import System

extension Layout {
    var head: String { "\(root)/HEAD" }

    /// The contents of HEAD; nil if it is missing or damaged.
    var headContents: ReferenceContents? {
        ((try? Files.contents(of: head, limit: 4096)) ?? nil).flatMap { ReferenceContents($0) }
    }

    /// Points HEAD to `reference` if it points to no existing branch, so that a clone checks something out.
    func adoptHead(_ reference: String, _ repository: GitRepository) throws {
        guard case .symbolic(let target) = headContents, try repository.reference(target) == nil else { return }
        try Files.replace(head, with: Array("ref: \(reference)\n".utf8))
    }
}
