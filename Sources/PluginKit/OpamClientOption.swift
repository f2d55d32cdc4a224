public import PluginMessages

/// The option by which a matrix states the version of a distro's opam, where it changes independently of the plugin.
public enum OpamClientOption {
    /// The option as the plugin's description lists it.
    public static let option = PluginOption(
        "opam-client", .text,
        summary:
            "The version of the distro's own opam, needed for cells that it builds; it is compared before the first.")

    /// The version to describe: nil unless the request wants the client.
    ///
    /// - Throws: `Refusal` if the request wants it and the matrix does not say which it is.
    public static func version(_ request: CheckedRequest) throws -> String? {
        guard request.request.opamClient == true else { return nil }
        guard let version = request[option.name] else {
            throw Refusal(
                "target '\(request.request.target)': the version of its own opam is not known here",
                hint: "set the option 'opam-client' to what `opam --version` prints there")
        }
        return version
    }

    /// What an environment with the client depends on beside its scripts.
    public static func inputs(_ version: String?) -> [String: String] {
        version.map { ["opam": $0] } ?? [:]
    }
}
