internal import Core
internal import Etcd
internal import HTTP
internal import Pages
internal import Store

extension StoreOptions {
    /// Options by which the server sees what dispatchers and workers do: by the store's directory, or by an etcd.
    ///
    /// - Throws: `Failure` of the category `input` where the password cannot be read.
    init(_ coordination: ServerSettings.Coordination?) throws(Failure) {
        self.init()
        guard let coordination else { return }
        var http = HTTPSettings()
        (http.authorities, http.authorityDirectory) = (coordination.authorities, coordination.authorityDirectory)
        (http.certificate, http.key) = (coordination.certificate, coordination.key)
        var settings = EtcdSettings(endpoints: coordination.endpoints, http: http)
        (settings.root, settings.user) = (coordination.root, coordination.user)
        if let file = coordination.passwordFile { try settings.readPassword(in: file) }
        self.coordination = EtcdEphemeralValues(settings)
    }
}
