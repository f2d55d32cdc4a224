internal import OpamFormat
internal import System

/// A file `NAME.in` from which a package's `substs` generates `NAME`.
package enum Template {
    /// Expands the variables in `bytes`, which may have any encoding, as opam does
    /// (`OpamFilter.expand_interpolations_in_file`): line by line, with undefined variables replaced by nothing.
    ///
    /// If the file is in opam's format, values in its strings are escaped; otherwise the result ends with a newline.
    ///
    /// - Parameter name: the file name for messages.
    /// - Throws: `RecipeError` if a variable refers to an invalid package name, which opam rejects too.
    package static func expand(
        _ bytes: [UInt8], of name: String = "", variables: PackageVariables
    ) throws(RecipeError) -> [UInt8] {
        let values: Environment = { variables.value(of: $0) }
        if (try? SyntaxTree(parsing: bytes, file: "")) != nil { return try expandOpam(bytes, of: name, in: values) }
        var lines = bytes.split(separator: newline, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        var expanded: [UInt8] = []
        for line in lines { expanded += try expand(Array(line), of: name, in: values) + [newline] }
        return expanded
    }

    private static func expand(
        _ text: [UInt8], of name: String, in values: Environment, escape: (String) -> String = { $0 }
    ) throws(RecipeError) -> [UInt8] {
        if let wrong = Interpolation.impossibleReference(in: text) {
            throw RecipeError(description: "\(name): '%{\(wrong)}%' refers to an invalid package name")
        }
        return Interpolation.expand(text, in: values, escape: escape)
    }

    private static let newline = UInt8(ascii: "\n")
    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")

    /// Splits the file as opam's `OpamInterpLexer` does: text inside and outside of strings is expanded separately, so
    /// a reference that contains a quote is not a variable.
    private static func expandOpam(
        _ bytes: [UInt8], of name: String, in values: Environment
    ) throws(RecipeError) -> [UInt8] {
        var expanded: [UInt8] = []
        /// The number of quotes that end the string; nil outside of one.
        var quotes: Int?
        var at = bytes.startIndex
        while at < bytes.endIndex {
            let count = bytes[at...].prefix(3).prefix { $0 == quote }.count
            if count > 0 {
                let isTriple = count == 3
                let isContent = quotes == 3 && !isTriple
                expanded += isTriple ? [quote, quote, quote] : [quote]
                at += isTriple ? 3 : 1
                if !isContent { quotes = quotes == nil ? (isTriple ? 3 : 1) : nil }
            } else if bytes[at] == newline {
                expanded.append(newline)
                at += 1
            } else {
                let end = runEnd(bytes, from: at, inString: quotes != nil)
                let run = Array(bytes[at..<end])
                expanded += try expand(run, of: name, in: values, escape: quotes == nil ? { $0 } : escaped)
                at = end
            }
        }
        return expanded
    }

    /// The index at which the text that begins at `start` meets an unescaped quote, or the end of its line.
    private static func runEnd(_ bytes: [UInt8], from start: Int, inString: Bool) -> Int {
        var at = start
        while at < bytes.endIndex, bytes[at] != quote, bytes[at] != newline {
            let isEscape = inString && bytes[at] == backslash && at + 1 < bytes.endIndex && bytes[at + 1] != newline
            at += isEscape ? 2 : 1
        }
        return at
    }

    private static func escaped(_ text: String) -> String {
        text.replacingScalar("\\", with: "\\\\").replacingScalar("\"", with: "\\\"")
    }
}
