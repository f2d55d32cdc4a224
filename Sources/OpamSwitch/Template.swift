internal import OpamFormat

/// A file named `NAME.in` of which a package's `substs` asks to make `NAME`.
package enum Template {
    /// `bytes` with the variables replaced, as opam does it: line by line, an undefined variable giving nothing.
    ///
    /// Where the file is itself in opam's format, values are escaped as its strings need it; else the result ends with
    /// a newline.
    package static func expand(_ bytes: [UInt8], variables: PackageVariables) -> [UInt8] {
        let isOpamFormat = (try? SyntaxTree(parsing: bytes, file: "")) != nil
        let values: Environment = { variable in
            guard let value = variables.value(of: variable) else { return nil }
            return isOpamFormat ? escaped(value) : value
        }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let endsWithNewline = bytes.last == UInt8(ascii: "\n")
        if endsWithNewline { lines.removeLast() }
        let expanded = lines.map { expand($0, in: values) }
        return Array(expanded.joined(separator: [UInt8(ascii: "\n")]))
            + (endsWithNewline || !isOpamFormat && !lines.isEmpty ? [UInt8(ascii: "\n")] : [])
    }

    /// A line that is no UTF-8 is left as it is.
    private static func expand(_ line: ArraySlice<UInt8>, in values: Environment) -> [UInt8] {
        guard line.contains(UInt8(ascii: "%")), let text = String(validating: line, as: UTF8.self) else {
            return Array(line)
        }
        return Array(Interpolation.expand(text, in: values).utf8)
    }

    private static func escaped(_ value: VariableValue) -> VariableValue {
        guard case .string(let text) = value else { return value }
        return .string(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))
    }
}
