internal import Git

extension Layout {
    /// Lets HEAD lead to `reference` where it leads nowhere, so that a clone checks something out.
    func adoptHead(_ reference: String, _ repository: GitRepository) throws {
        let path = "\(root)/HEAD"
        let text = String(decoding: try fileContents(path) ?? [], as: UTF8.self)
        guard text.hasPrefix("ref: ") else { return }
        let target = String(text.dropFirst("ref: ".count).prefix { !$0.isNewline })
        guard try repository.reference(target) == nil else { return }
        try replace(path, with: Array("ref: \(reference)\n".utf8))
    }
}
