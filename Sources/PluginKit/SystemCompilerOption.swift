public import PluginMessages

/// The option by which a matrix states the version of a distribution's OCaml, if it changes independently of the
/// plugin.
///
/// - SeeAlso: `docs/decisions/0074-system-compilers.md`
public enum SystemCompilerOption {
    /// The option in the plugin's description.
    public static let option = PluginOption(
        "system-ocaml", .text,
        summary: "The version of the distribution's OCaml, needed for cells that build with it; the probe checks it.")

    /// The version in the description; nil unless the distribution's compiler is requested.
    ///
    /// - Throws: `Refusal` if it is requested and the matrix does not state its version.
    public static func version(_ request: CheckedRequest) throws -> String? {
        guard request.request.systemCompiler else { return nil }
        guard let version = request[option.name] else {
            throw Refusal(
                "target '\(request.request.target)': the version of its own OCaml is not known here",
                hint: "set the option 'system-ocaml' to what `ocamlc -vnum` prints there")
        }
        return version
    }
}
