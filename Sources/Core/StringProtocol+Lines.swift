extension StringProtocol {
    /// The lines of the text without their line ends, LF or CRLF. Empty lines are included, except the one after the
    /// last line end.
    ///
    /// To Swift, CRLF is one `Character` that differs from `"\n"`, so `split(separator: "\n")` does not split at it.
    package var textLines: [String] {
        var lines = String(self).utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { line in
            String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
        }
    }
}
