using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace StockMcp.AuthorizationServer.Keys;

/// <summary>Encrypts the keys of cookies and forms by the master secret before they go to the database.</summary>
internal sealed class MasterSecretXmlEncryptor(MasterSecret secret) : IXmlEncryptor, IConfigureOptions<KeyManagementOptions>
{
    internal const string Purpose = "data-protection-keys";

    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
        => new(new XElement("encrypted", Convert.ToBase64String(secret.Encrypt(Purpose, Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting)), Purpose))), typeof(MasterSecretXmlDecryptor));

    public void Configure(KeyManagementOptions options) => options.XmlEncryptor = this;
}

/// <summary>Data Protection makes it by its type's name, which stands in the stored key.</summary>
internal sealed class MasterSecretXmlDecryptor(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement)
        => XElement.Parse(Encoding.UTF8.GetString(services.GetRequiredService<MasterSecret>().Decrypt(MasterSecretXmlEncryptor.Purpose, Convert.FromBase64String(encryptedElement.Value), MasterSecretXmlEncryptor.Purpose)));
}
