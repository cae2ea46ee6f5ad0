//! The options of the attribute.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, Path, Result, Token, Visibility, parenthesized};

use crate::context::Context;

/// The options of the attribute. A flag holds the word that set it, so that an error can point at it.
#[derive(Clone, Default)]
pub(crate) struct Options {
    krate: Option<Path>,
    pub(crate) blocking: Option<(Ident, Option<Named>)>,
    pub(crate) boxed: Option<Ident>,
    pub(crate) bridge: Option<(Ident, Expr)>,
    pub(crate) derive: Option<(Ident, Derives)>,
    pub(crate) extend: Option<Ident>,
    pub(crate) fallible: Option<Ident>,
    pub(crate) iter: Option<Ident>,
    pub(crate) maybe_send: Option<Ident>,
    pub(crate) offload: Option<Ident>,
    pub(crate) spawn: Option<Ident>,
    pub(crate) twin_only: Option<Ident>,
    pub(crate) twins: Option<(Ident, Punctuated<OtherTwin, Token![,]>)>,
    /// Not for users: the attribute sets it itself when it moves below other macros.
    pub(crate) context: Option<Context>,
    /// The options as they were written, for an attribute that moves.
    tokens: TokenStream,
}

/// The name in `blocking = NAME`.
#[derive(Clone)]
pub(crate) struct Named {
    /// `None` if the user gives none.
    pub(crate) vis: Option<Visibility>,
    pub(crate) name: Ident,
}

/// Another client that has a twin: `Client` or `Client = TWIN` in `twins(..)`.
#[derive(Clone)]
pub(crate) struct OtherTwin {
    pub(crate) client: Ident,
    /// `None` for the default name.
    pub(crate) twin: Option<Path>,
}

pub(crate) type Derives = Punctuated<Path, Token![,]>;

impl Options {
    /// Adds the options in `tokens`. A wrong option is reported and the others are added, so that the item still
    /// expands.
    pub(crate) fn read(mut self, tokens: TokenStream) -> (Options, Option<Error>) {
        let parser = Punctuated::<Opt, Token![,]>::parse_terminated;
        let options = match parser.parse2(tokens.clone()) {
            Ok(options) => options,
            Err(error) => return (self, Some(error)),
        };
        let comma = (!options.empty_or_trailing()).then(|| quote!(,));
        self.tokens.extend(quote!(#tokens #comma));
        let error = self.add(options).err();
        (self, error)
    }

    /// Returns options that contain only the path of the crate.
    pub(crate) fn of_crate(&self) -> Options {
        Options { krate: self.krate.clone(), ..Options::default() }
    }

    /// Returns the options of a block that apply to its functions.
    pub(crate) fn of_members(&self) -> Options {
        Options {
            blocking: None,
            derive: None,
            extend: None,
            iter: None,
            offload: None,
            spawn: None,
            twins: None,
            ..self.clone()
        }
    }

    /// Returns the options of a function that apply to itself, and not to its twin.
    pub(crate) fn without_twin(&self) -> Options {
        Options { fallible: None, iter: None, spawn: None, twin_only: None, ..self.clone() }
    }

    /// Returns the path of the crate, as if it were written at `span`.
    pub(crate) fn krate(&self, span: Span) -> TokenStream {
        match &self.krate {
            Some(path) => path.to_token_stream(),
            None => quote_spanned!(span=> ::smartasync),
        }
    }

    /// Returns these options for an attribute that moves below other macros.
    pub(crate) fn moved_to(&self, context: &Context) -> TokenStream {
        let tokens = &self.tokens;
        quote!(#tokens #context)
    }

    fn add(&mut self, options: Punctuated<Opt, Token![,]>) -> Result<()> {
        let mut twice = None;
        let mut seen = Vec::new();
        for Opt { name, value } in options {
            if seen.contains(&name) {
                twice.get_or_insert_with(|| name.clone());
            }
            seen.push(name.clone());
            self.set(name, value);
        }
        // A moved attribute has the options of the block first. Those of the method follow, and override them.
        match twice.filter(|_| self.context.is_none()) {
            None => Ok(()),
            Some(name) => Err(Error::new(name.span(), format!("`{name}` is there twice"))),
        }
    }

    fn set(&mut self, name: Ident, value: Value) {
        match value {
            Value::Blocking(named) => self.blocking = Some((name, named)),
            Value::Boxed => self.boxed = Some(name),
            Value::Crate(path) => self.krate = Some(path),
            Value::Derive(derives) => self.derive = Some((name, derives)),
            Value::Extend => self.extend = Some(name),
            Value::Fallible => self.fallible = Some(name),
            Value::Iter => self.iter = Some(name),
            Value::MaybeSend => self.maybe_send = Some(name),
            Value::Offload => self.offload = Some(name),
            Value::Spawn => self.spawn = Some(name),
            Value::TwinOnly => self.twin_only = Some(name),
            Value::Twins(twins) => self.twins = Some((name, twins)),
            Value::On(bridge) => self.bridge = Some((name, *bridge)),
            Value::Context(context) => self.context = Some(context),
        }
    }
}

struct Opt {
    name: Ident,
    value: Value,
}

enum Value {
    Blocking(Option<Named>),
    Boxed,
    Crate(Path),
    Derive(Derives),
    Extend,
    Fallible,
    Iter,
    MaybeSend,
    Offload,
    Spawn,
    TwinOnly,
    Twins(Punctuated<OtherTwin, Token![,]>),
    On(Box<Expr>),
    Context(Context),
}

impl Parse for Opt {
    fn parse(input: ParseStream<'_>) -> Result<Opt> {
        let question = input.parse::<Option<Token![?]>>()?;
        let name = Ident::parse_any(input).map_err(|error| unknown(error.span(), "this"))?;
        let word = name.to_string();
        let value = match (question, word.as_str()) {
            (Some(_), "Send") => flag(input, Value::MaybeSend)?,
            (None, "blocking") if at_end(input) => Value::Blocking(None),
            (None, "blocking") => {
                assigned(&name, input, Named::parse).map(Some).map(Value::Blocking)?
            }
            (None, "boxed") => flag(input, Value::Boxed)?,
            (None, "derive") => {
                let wanted =
                    "`derive` takes the traits that the twin is to have: `derive(Clone, Debug)`";
                listed(&name, input, wanted).map(Value::Derive)?
            }
            (None, "extend") => flag(input, Value::Extend)?,
            (None, "fallible") => flag(input, Value::Fallible)?,
            (None, "iter") => flag(input, Value::Iter)?,
            (None, "offload") => flag(input, Value::Offload)?,
            (None, "spawn") => flag(input, Value::Spawn)?,
            (None, "twin_only") => flag(input, Value::TwinOnly)?,
            (None, "twins") => {
                let wanted = "`twins` takes the other clients that have twins: `twins(Request, Answer = BlockingAnswer)`";
                listed(&name, input, wanted).map(Value::Twins)?
            }
            (None, "crate") => assigned(&name, input, Path::parse_mod_style).map(Value::Crate)?,
            (None, "on") => assigned(&name, input, Expr::parse).map(Box::new).map(Value::On)?,
            (None, "__site") => input.parse().map(Value::Context)?,
            (Some(_), _) => return Err(unknown(name.span(), &format!("`?{word}`"))),
            (None, _) => return Err(unknown(name.span(), &format!("`{word}`"))),
        };
        Ok(Opt { name, value })
    }
}

fn at_end(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

fn flag(input: ParseStream<'_>, value: Value) -> Result<Value> {
    if at_end(input) {
        return Ok(value);
    }
    Err(input.error("this option takes no value: it is on when it is there"))
}

fn assigned<T>(
    name: &Ident,
    input: ParseStream<'_>,
    parse: impl FnOnce(ParseStream<'_>) -> Result<T>,
) -> Result<T> {
    let wanted = match name.to_string().as_str() {
        "blocking" => "`blocking` takes the name of the twin: `blocking = NAME`",
        "crate" => "`crate` takes the path of the crate: `crate = my_crate::smartasync`",
        _ => "`on` takes a bridge: `on = EXPR`",
    };
    let wrong = |error: Error| Error::new(error.span(), wanted);
    if input.is_empty() {
        return Err(Error::new(name.span(), wanted));
    }
    input.parse::<Token![=]>().map_err(wrong)?;
    if input.is_empty() {
        return Err(Error::new(name.span(), wanted));
    }
    parse(input).map_err(wrong)
}

impl Parse for Named {
    fn parse(input: ParseStream<'_>) -> Result<Named> {
        let vis = Visibility::parse(input)?;
        let said = !matches!(vis, Visibility::Inherited);
        Ok(Named { vis: said.then_some(vis), name: input.parse()? })
    }
}

impl Parse for OtherTwin {
    fn parse(input: ParseStream<'_>) -> Result<OtherTwin> {
        let client = input.parse()?;
        let has_name = input.parse::<Option<Token![=]>>()?.is_some();
        Ok(OtherTwin { client, twin: has_name.then(|| Path::parse_mod_style(input)).transpose()? })
    }
}

/// Parses the list in `NAME(..)`. Any error says what is `wanted`.
fn listed<T: Parse>(
    name: &Ident,
    input: ParseStream<'_>,
    wanted: &str,
) -> Result<Punctuated<T, Token![,]>> {
    let parse = || {
        let content;
        parenthesized!(content in input);
        Punctuated::parse_terminated(&content)
    };
    if !input.peek(syn::token::Paren) {
        return Err(Error::new(name.span(), wanted));
    }
    parse().map_err(|error| Error::new(error.span(), wanted))
}

fn unknown(span: Span, found: &str) -> Error {
    let message = format!(
        "{found} is no option of `#[smartasync]`, which takes `boxed`, `?Send`, `offload`, \
         `blocking` (a sync twin of a client; with it `blocking = NAME`, `derive(..)`, `extend`, `fallible`, \
         `iter`, `spawn`, `twin_only` and `twins(..)`), \
         `on = EXPR` (the bridge to run through) and `crate = PATH`"
    );
    Error::new(span, message)
}
