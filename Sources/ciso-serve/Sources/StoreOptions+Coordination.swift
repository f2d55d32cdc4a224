internal import Core
internal import Etcd
internal import HTTP
internal import Pages
internal import Store

extension StoreOptions {
    /// Options for observing dispatchers and workers, through the store's directory or through etcd.
    ///
    /// - Throws: `Failure` of the category `input` if the password cannot be read.
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
