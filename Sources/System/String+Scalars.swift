extension String {
    /// The text with each occurrence of a character replaced.
    ///
    /// To Swift, a character and a combining character after it are one `Character`, which `replacing` and
    /// `split(separator:)` do not find. Shells, QEMU, git and CSV readers find it, so code that escapes text for them
    /// uses this method.
    package func replacingScalar(_ scalar: Unicode.Scalar, with replacement: String) -> String {
        guard unicodeScalars.contains(scalar) else { return self }
        return unicodeScalars.split(separator: scalar, omittingEmptySubsequences: false).map(String.init)
            .joined(separator: replacement)
    }
}
