/// The request of `machine-image`: the target of the machine image, and the file from which it is made.
public struct MachineImageRequest: Codable, Hashable, Sendable {
    /// The target that the machine is for.
    public var target: TargetRequest
    /// The name of the file given by the user, without its directory: `install77.iso`.
    public var installer: String
    /// The public key that the image must accept: one line, as in `authorized_keys`.
    public var publicKey: String
    /// The base URL of ``MachineImageRecipe/files`` while the image is made: `http://10.0.2.2:4242`.
    public var server: String

    public init(target: TargetRequest, installer: String, publicKey: String, server: String) {
        self.target = target
        self.installer = installer
        self.publicKey = publicKey
        self.server = server
    }
}
