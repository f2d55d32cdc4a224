extension Value {
    /// The version of the format that a file states.
    ///
    /// - Throws: An error if opam 2.1 does not support it: it supports versions up to 2.0, whatever follows these two
    ///   numbers.
    func formatVersion() throws(FieldError) -> String {
        let text = try string()
        let numbers = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false).prefix(2)
        let release = numbers.joined(separator: ".").prefix { $0 != "~" && $0 != "+" }
        guard Version.compare(String(release), "2.0") <= 0 || release.first?.isNumber != true else {
            throw FieldError(message: "the format's version is \(text), expected 2.0 or older", node: node)
        }
        return text
    }
}
