# One file for the three programs: docker build --build-arg PART=Server .   (or Authority, or Brokerage)
# How they run together is in compose.yaml, and docs/container.md explains both.
#
# Base images are named by tag, not by digest: a rebuild takes in the fixes that .NET's images got meanwhile. To get the same bytes each time, pin
# the two FROM lines to what `docker buildx imagetools inspect` says of them.

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /src

# What decides about packages alone: this layer, and the restore below, are kept until one of these files changes.
COPY global.json Directory.Build.props Directory.Packages.props ./
COPY src/StockMcp.Hosting/StockMcp.Hosting.csproj src/StockMcp.Hosting/
COPY src/StockMcp.Tools/StockMcp.Tools.csproj src/StockMcp.Tools/
COPY src/StockMcp.ResourceServer/StockMcp.ResourceServer.csproj src/StockMcp.ResourceServer/
COPY src/StockMcp.AuthorizationServer/StockMcp.AuthorizationServer.csproj src/StockMcp.AuthorizationServer/
COPY src/StockMcp.Server/StockMcp.Server.csproj src/StockMcp.Server/
COPY src/StockMcp.Authority/StockMcp.Authority.csproj src/StockMcp.Authority/
COPY src/StockMcp.Brokerage/StockMcp.Brokerage.csproj src/StockMcp.Brokerage/
ARG PART=Server
RUN dotnet restore "src/StockMcp.$PART"

COPY .editorconfig BannedSymbols.txt appsettings.json ./
COPY src/ src/
RUN dotnet publish "src/StockMcp.$PART" --no-restore -c Release -o /out/app
# The image below has no shell that could put the part's name into its entry point. /data is its user's alone.
RUN ln -s "StockMcp.$PART" /out/app/stockmcp && mkdir -m 700 /out/data

# No shell, no package manager, nothing but .NET and what it needs.
FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiselled
COPY --from=build /out/app /app
COPY --from=build --chown=1654:1654 /out/data /data
# The base image's own setting of a port would be overridden, with a warning. Without diagnostics the runtime writes nothing to /tmp.
ENV ASPNETCORE_HTTP_PORTS="" \
    ASPNETCORE_URLS=http://+:8080 \
    ASPNETCORE_ENVIRONMENT=Production \
    DOTNET_EnableDiagnostics=0 \
    DataDirectory=/data \
    DrainFor=00:00:03
WORKDIR /data
USER 1654:1654
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["/app/stockmcp", "health"]
ENTRYPOINT ["/app/stockmcp"]
