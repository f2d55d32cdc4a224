import Core
import PluginHost
import PluginMessages
import Testing

@Suite struct TargetTests {
    @Test(arguments: ShippedPlugins.names) func everyTargetIsDescribed(name: String) async throws {
        let plugin = try await ShippedPlugins.catalog.plugin(named: name)
        let requests = try await ShippedPlugins.requests(of: plugin)
        #expect(!requests.isEmpty)
        for request in requests {
            let target = try await plugin.target(request)
            #expect(target.variables["arch"] == request.architecture)
            #expect((target.variables["sys-ocaml-version"] == "") == !request.systemCompiler, "\(request)")
        }
    }
}
