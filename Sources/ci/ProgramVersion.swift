/// The version of ciso.
enum ProgramVersion {
    static let current = "0.1.0"
}
